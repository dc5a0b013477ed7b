/** What the configuration lets a team's jobs read and write of databases (`teams[].databases`): who works at them reads these secrets. */
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Database } from '#core/jobs/databases.ts';
import { mayDecrypt } from './decrypting.ts';

/** Source: Secrets Manager user guide, "Resources": behind a secret's name its ARN has a hyphen and six characters. */
export function mayReadSecrets(role: Role, databases: readonly Database[]): void {
  const stack = Stack.of(role);
  for (const { secret, key } of databases) {
    const resource = `secret:${secret}-??????`;
    role.addToPolicy(
      new PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [stack.formatArn({ service: 'secretsmanager', resource })],
      }),
    );
    mayDecrypt(role, 'secretsmanager', key === undefined ? [] : [key]);
  }
}
