/** A secret of Secrets Manager for as long as a test needs it. */
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';

export async function secretOf(
  config: SecretsManagerClientConfig,
  SecretId: string,
  value: object | undefined,
) {
  const client = new SecretsManagerClient(config);
  const change = (to: object | undefined) =>
    client.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(to) }));
  try {
    await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: JSON.stringify(value) }));
  } catch (error) {
    // Of a run that was killed.
    if (!(error instanceof ResourceExistsException)) throw error;
    await change(value);
  }
  return {
    change,
    remove: () => client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })),
  };
}
