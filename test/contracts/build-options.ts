/** Where the build stage of a local cloud builds: what its function is told. */
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from '#core/zod.ts';
import type { Access } from '#local/demo/access.ts';

const Outputs = z.object({ BuildFunctionName: z.string() });
const Variables = z.object({
  PROJECT_NAME: z.string(),
  BUILDER_ROLES_ARN: z.string(),
  SOURCE_BUCKET: z.string(),
  LOG_GROUP: z.string(),
});

export async function buildOptions({ cloud, sdk }: Pick<Access, 'cloud' | 'sdk'>) {
  const outputs = Outputs.parse(Object.assign({}, ...Object.values(cloud.outputs)));
  const command = new GetFunctionConfigurationCommand({ FunctionName: outputs.BuildFunctionName });
  const { Environment } = await new LambdaClient(sdk).send(command);
  const variables = Variables.parse(Environment?.Variables);
  return {
    project: variables.PROJECT_NAME,
    rolesArn: variables.BUILDER_ROLES_ARN,
    bucket: variables.SOURCE_BUCKET,
    logGroup: variables.LOG_GROUP,
  };
}
