/** What builds read to reach indexes that want a credential: secrets by their names, and packages of CodeArtifact. */
import { Stack } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import type { IndexWay, Repository } from '#core/indexes.ts';
import type { UnscopedAction } from './unscoped.ts';

/** @returns what of it names no resource: whoever else has such rights acknowledges all in one. */
export function mayReadIndexes(
  reader: IConstruct & IGrantable,
  indexes: readonly IndexWay[],
): UnscopedAction[] {
  const credentials = indexes.map(({ credential }) => credential);
  const secrets = credentials.flatMap((each) => (each.kind === 'secret' ? [each.secret] : []));
  const repositories = credentials.flatMap((each) => (each.kind === 'codeArtifact' ? [each] : []));
  const allow = (actions: string[], resources: readonly string[], conditions = {}) =>
    reader.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions, resources: [...new Set(resources)], conditions }),
    );
  if (secrets.length > 0) allow(['secretsmanager:GetSecretValue'], secrets);
  if (repositories.length === 0) return [];
  // In another account the domain's and the repository's own policies must let builders in too.
  const arnOf = ({ region, owner }: Repository, resource: string, resourceName: string): string =>
    Stack.of(reader).formatArn({ service: 'codeartifact', region, account: owner, resource, resourceName });
  allow(
    ['codeartifact:GetAuthorizationToken'],
    repositories.map((each) => arnOf(each, 'domain', each.domain)),
  );
  allow(
    ['codeartifact:ReadFromRepository'],
    repositories.map((each) => arnOf(each, 'repository', `${each.domain}/${each.repository}`)),
  );
  allow(['sts:GetServiceBearerToken'], ['*'], {
    StringEquals: { 'sts:AWSServiceName': 'codeartifact.amazonaws.com' },
  });
  return ['sts:GetServiceBearerToken'];
}
