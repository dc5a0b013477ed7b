/** What a key of the account's owner encrypts is read by who may decrypt: through the service that has it, in the key's own region. */
import { Arn, ArnFormat, Stack } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** Source: KMS developer guide, "kms:ViaService". A key of another account must let the role in by its own policy too. */
export function mayDecrypt(
  role: IConstruct & IGrantable,
  service: 's3' | 'secretsmanager',
  keys: readonly string[],
): void {
  for (const key of keys) {
    const { region = '' } = Arn.split(key, ArnFormat.SLASH_RESOURCE_NAME);
    const viaService = `${service}.${region}.${Stack.of(role).urlSuffix}`;
    role.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['kms:Decrypt'],
        resources: [key],
        conditions: { StringEquals: { 'kms:ViaService': viaService } },
      }),
    );
  }
}
