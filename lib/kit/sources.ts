/** What a build's role reads to reach sources that want a credential: secrets by their names, and packages of CodeArtifact. */
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IndexWay, Repository } from '#core/indexes.ts';
import type { UnscopedAction } from './unscoped.ts';

interface Sources {
  /** Of teams. */
  readonly secrets: readonly string[];
  readonly indexes: readonly IndexWay[];
}

/** @returns what of it names no resource: whoever else has such rights acknowledges all in one. */
export function mayReadSources(role: Role, { secrets, indexes }: Sources): UnscopedAction[] {
  const credentials = indexes.map(({ credential }) => credential);
  const ofIndexes = credentials.flatMap((each) => (each.kind === 'secret' ? [each.secret] : []));
  const repositories = credentials.flatMap((each) => (each.kind === 'codeArtifact' ? [each] : []));
  const allow = (actions: string[], resources: readonly string[]) =>
    role.addToPolicy(new PolicyStatement({ actions, resources: [...new Set(resources)] }));
  const named = [...secrets, ...ofIndexes];
  if (named.length > 0) allow(['secretsmanager:GetSecretValue'], named);
  if (repositories.length === 0) return [];
  mayReadRepositories(role, repositories, allow);
  return ['sts:GetServiceBearerToken'];
}

/** In another account the domain's and the repository's own policies must let this role in too. */
function mayReadRepositories(
  role: Role,
  repositories: readonly Repository[],
  allow: (actions: string[], resources: readonly string[]) => void,
): void {
  const arnOf = ({ region, owner }: Repository, resource: string, resourceName: string): string =>
    Stack.of(role).formatArn({ service: 'codeartifact', region, account: owner, resource, resourceName });
  allow(
    ['codeartifact:GetAuthorizationToken'],
    repositories.map((each) => arnOf(each, 'domain', each.domain)),
  );
  allow(
    ['codeartifact:ReadFromRepository'],
    repositories.map((each) => arnOf(each, 'repository', `${each.domain}/${each.repository}`)),
  );
  role.addToPolicy(
    new PolicyStatement({
      actions: ['sts:GetServiceBearerToken'],
      resources: ['*'],
      conditions: { StringEquals: { 'sts:AWSServiceName': 'codeartifact.amazonaws.com' } },
    }),
  );
}
