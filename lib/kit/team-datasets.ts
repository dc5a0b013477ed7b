/**
 * What the configuration lets teams' jobs read beside the bucket of jobs (`teams[].datasets`): who lists datasets and who reads
 * them are given these prefixes, and nothing else of the buckets. A bucket of another account must say so too, by its own policy.
 */
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { locationOf } from '#core/jobs/location.ts';
import { acknowledge } from './acknowledge.ts';

/** @param prefixes as the configuration has them: `s3://bucket/prefix/`. */
export function mayReadDatasets(role: Role, prefixes: readonly string[]): void {
  for (const { bucket, key } of prefixes.map(locationOf)) {
    allow(role, 's3:GetObject', `${bucket}/${key}*`);
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${bucket}/${key}*]`]:
        'The configuration names this place: its objects have no names before.',
    });
  }
}

/** For whoever lists them: below the prefixes alone. */
export function mayListDatasets(role: Role, prefixes: readonly string[]): void {
  for (const { bucket, key } of prefixes.map(locationOf))
    allow(role, 's3:ListBucket', bucket, { StringLike: { 's3:prefix': `${key}*` } });
}

const allow = (role: Role, action: string, resource: string, conditions = {}): boolean =>
  role.addToPolicy(
    new PolicyStatement({
      actions: [action],
      resources: [Stack.of(role).formatArn({ service: 's3', region: '', account: '', resource })],
      conditions,
    }),
  );
