/** What a function of the local cloud is let do: a session of its own role, as Lambda gives it one. */
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { access } from './cloud.ts';

export async function sessionOf(FunctionName: string): Promise<STSClient> {
  const { Role } = await new LambdaClient(access.sdk).send(
    new GetFunctionConfigurationCommand({ FunctionName }),
  );
  const assume = new AssumeRoleCommand({ RoleArn: Role, RoleSessionName: 'e2e' });
  const { Credentials } = await new STSClient(access.sdk).send(assume);
  if (!Credentials?.AccessKeyId || !Credentials.SecretAccessKey) throw new Error(`no session of ${Role}`);
  const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials;
  return new STSClient({
    ...access.sdk,
    credentials: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      ...(SessionToken ? { sessionToken: SessionToken } : {}),
    },
  });
}
