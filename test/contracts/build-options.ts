/** Where the build stage of a local cloud builds: what its function is told. */
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from '#core/zod.ts';
import type { Access } from '#local/demo/access.ts';

const Outputs = z.object({ BuildFunctionName: z.string() });
const Variables = z.object({ PROJECT_NAME: z.string(), SOURCE_BUCKET: z.string(), LOG_GROUP: z.string() });

export async function buildOptions({ cloud, sdk }: Pick<Access, 'cloud' | 'sdk'>) {
  const outputs = Outputs.parse(Object.assign({}, ...Object.values(cloud.outputs)));
  const command = new GetFunctionConfigurationCommand({ FunctionName: outputs.BuildFunctionName });
  const { Environment } = await new LambdaClient(sdk).send(command);
  const { PROJECT_NAME, SOURCE_BUCKET, LOG_GROUP } = Variables.parse(Environment?.Variables);
  return { project: PROJECT_NAME, bucket: SOURCE_BUCKET, logGroup: LOG_GROUP };
}
