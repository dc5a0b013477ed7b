/** The database that each team of a local cloud has (local/setup/synth.ts), up for as long as somebody needs it, with its secret. */
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Access } from '#local/demo/access.ts';
import { localDatabase } from '#local/setup/synth.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

export async function startLocalDatabase(
  { sdk, cloud }: Pick<Access, 'sdk' | 'cloud'>,
  settings: Readonly<Record<string, string>> = {},
): Promise<Pick<PostgresServer, 'place' | 'stop'>> {
  const { hostname: host } = new URL(cloud.aws);
  const { place, secret, stop } = await startPostgres({ host, port: localDatabase.port }, settings);
  const secrets = new SecretsManagerClient(sdk);
  const SecretString = JSON.stringify(secret);
  const SecretId = localDatabase.secret;
  try {
    await secrets.send(new CreateSecretCommand({ Name: SecretId, SecretString }));
  } catch (error) {
    // Of a run that was killed.
    if (!(error instanceof ResourceExistsException)) throw error;
    await secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
  }
  return {
    place,
    stop: async () => {
      await secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
      await stop();
    },
  };
}
