/**
 * What a build is in AWS: a role for each team, which the build stage names when it starts one. It pushes to its team's candidates and
 * caches, reads its team's contexts and secrets, and writes its team's logs; what is the same for all teams is one policy. A role is one
 * resource, so that many teams fit into a stack (docs/adr/0042).
 */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import {
  Effect,
  type IManagedPolicy,
  ManagedPolicy,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import { type IndexWay, indexWays } from '#core/indexes.ts';
import type { Team } from '#core/team.ts';
import { acknowledge } from './acknowledge.ts';
import { mayDecrypt } from './decrypting.ts';
import { mayReadIndexes } from './index-credentials.ts';
import { exportedBucket } from './job-workers.ts';
import { pullActions, pushActions, repositoriesBelow } from './registry.ts';
import { unscopedFinding } from './unscoped.ts';

export interface BuilderRolesProps {
  readonly config: Pick<Config, 'builds' | 'teams'>;
  /** Contexts are below `builds/<team>/` of it. */
  readonly sources: Bucket;
  /** What runs beside a build. */
  readonly programs: readonly Asset[];
  readonly logs: LogGroup;
}

/** With the region, for names of roles are the whole account's. */
const prefixIn = (stack: Stack): string => `getschwifty-builds-${stack.region}-`;

/** What the ARN of a team's role begins with; behind it is the team's name. */
export function builderRolesArn(scope: Construct): string {
  const stack = Stack.of(scope);
  return stack.formatArn({ service: 'iam', region: '', resource: 'role', resourceName: prefixIn(stack) });
}

const allow = (actions: readonly string[], resources: readonly string[]): PolicyStatement =>
  new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] });

export class BuilderRoles extends Construct {
  constructor(scope: Construct, id: string, props: BuilderRolesProps) {
    super(scope, id);
    const common = this.#common(props);
    for (const team of props.config.teams) this.#roleOf(team, common, props);
  }

  #common({ config, sources, programs, logs }: BuilderRolesProps): ManagedPolicy {
    const policy = new ManagedPolicy(this, 'Common', {
      description: 'What builds of all teams may: read bases, indexes and what runs beside them',
    });
    policy.addStatements(
      allow(['ecr:GetAuthorizationToken'], ['*']),
      allow(pullActions, [repositoriesBelow(policy, 'base'), repositoriesBelow(policy, 'image')]),
      allow(
        ['s3:GetObject'],
        programs.map(({ bucket, s3ObjectKey }) => bucket.arnForObjects(s3ObjectKey)),
      ),
      allow(['s3:GetBucketLocation', 's3:ListBucket'], [sources.bucketArn]),
      // A stream has no ARN before it is made.
      allow(['logs:CreateLogStream'], [logs.logGroupArn]),
    );
    const indexes: readonly IndexWay[] = indexWays(config.builds.indexes);
    const unscoped = mayReadIndexes(policy, indexes);
    mayDecrypt(policy, 'secretsmanager', config.builds.secretKeys);
    acknowledge(policy, unscopedFinding(['ecr:GetAuthorizationToken', ...unscoped]));
    return policy;
  }

  #roleOf({ name, git }: Team, common: IManagedPolicy, { sources, logs }: BuilderRolesProps): void {
    const stack = Stack.of(this);
    const [contexts, streams] = [`builds/${name}/*`, `log-stream:${name}/*`];
    const secrets = [...new Set(git.map(({ secret }) => secret))];
    const [candidate, cache] = [
      repositoriesBelow(this, 'candidate', name),
      repositoriesBelow(this, 'cache', name),
    ];
    const own = [
      allow([...new Set([...pullActions, ...pushActions])], [candidate, cache]),
      allow(['s3:GetObject', 's3:GetObjectVersion'], [sources.arnForObjects(contexts)]),
      allow(
        ['logs:PutLogEvents'],
        [
          stack.formatArn({
            service: 'logs',
            resource: 'log-group',
            resourceName: `${logs.logGroupName}:${streams}`,
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ],
      ),
      ...(secrets.length > 0 ? [allow(['secretsmanager:GetSecretValue'], secrets)] : []),
    ];
    const role = new Role(this, name, {
      roleName: `${prefixIn(stack)}${name}`,
      description: `Builds of team ${name}: pushes to its own candidates and caches alone`,
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
      managedPolicies: [common],
      // In the role and not beside it: one resource a team.
      inlinePolicies: { Own: new PolicyDocument({ statements: own }) },
    });
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::${exportedBucket}/${contexts}]`]:
        'Each build of the team has a folder of its own below it.',
      [`AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:<BuildBuildLogs53318A29>:${streams}]`]:
        'Each build of the team has a stream of its own below its name.',
    });
  }
}
