/** Builds images: a function makes their repositories, starts them and hears of failures, a CodeBuild project does the work. */
import { join } from 'node:path';
import { Duration, Lazy } from 'aws-cdk-lib';
import { ComputeType, LinuxBuildImage, Project, Source } from 'aws-cdk-lib/aws-codebuild';
import { type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { Config } from '#core/config.ts';
import { egressOf } from '#core/egress.ts';
import { impactOf } from '#core/flow.ts';
import { indexWays } from '#core/indexes.ts';
import { Env } from '#lambdas/build/env.ts';
import { acknowledge } from '../kit/acknowledge.ts';
import { BuilderRoles, builderRolesArn } from '../kit/builder-roles.ts';
import { choicesOf } from '../kit/context.ts';
import type { Foundation } from '../kit/foundation.ts';
import { logGroup } from '../kit/log-group.ts';
import { type Prefix, registryHost, registryHosts, repositoriesBelow } from '../kit/registry.ts';
import { StageFunction } from '../kit/stage-function.ts';
import { StageQueue } from '../kit/stage-queue.ts';
import { subscribe } from '../kit/subscribe.ts';
import {
  changeOfEnvironment,
  mayKeepFailures,
  mayRead,
  mayReadWaivers,
  mayWrite,
} from '../kit/table-access.ts';
import { buildspec } from './buildspec.ts';

export interface BuildStageProps extends Foundation {
  readonly config: Pick<Config, 'catalog' | 'builds' | 'teams'>;
  readonly sources: Bucket;
}

/** cdk-nag names the bucket by its export. */
const buildsFolder = {
  'AwsSolutions-IAM5[Resource::GetSchwiftyData:ExportsOutputFnGetAttSourcesBE4D2488Arn58F0951E/builds/*]':
    'Each build has a folder of its own below builds/.',
};

const rolesOfBuilders = {
  'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::<AWS::AccountId>:role/getschwifty-builds-<AWS::Region>-*]':
    'A role of each team and nothing else is called so; named one by one, those of many teams fit into no policy.',
};

export class BuildStage extends Construct {
  readonly queue: StageQueue;
  readonly function: StageFunction;
  readonly project: Project;
  /** What builds print. */
  readonly logs: LogGroup;
  #promoterRole = '';
  #removerRole = '';

  constructor(scope: Construct, id: string, { table, bus, pager, sources, config }: BuildStageProps) {
    super(scope, id);
    const stage = 'build';
    const common = { impact: impactOf(stage), pager, timeout: Duration.seconds(30) };
    this.logs = logGroup(this, 'BuildLogs');
    this.project = this.#project(sources, config);
    this.queue = new StageQueue(this, 'Inbox', { stage, ...common });
    this.function = new StageFunction(this, 'Function', {
      ...common,
      name: stage,
      description: 'Makes repositories, starts builds and hears of their failures',
      env: Env,
      environment: {
        TABLE_NAME: table.tableName,
        PROJECT_NAME: this.project.projectName,
        BUILDER_ROLES_ARN: builderRolesArn(this),
        SOURCE_BUCKET: sources.bucketName,
        REGISTRY: registryHost(this),
        LOG_GROUP: this.logs.logGroupName,
        // The stages come later in the flow.
        PROMOTER_ROLE_ARN: Lazy.string({ produce: () => this.#promoterRole }),
        REMOVER_ROLE_ARN: Lazy.string({ produce: () => this.#removerRole }),
        DLQ_URL: this.queue.deadLetters.queueUrl,
      },
    });
    mayRead(this.function, table);
    mayReadWaivers(this.function, table);
    mayKeepFailures(this.function, table);
    mayWrite(this.function, table, [...changeOfEnvironment, 'BUILD']);
    this.function.allow(['logs:DescribeLogStreams', 'logs:GetLogEvents'], [this.logs.logGroupArn]);
    this.#mayBuild(sources);
    this.queue.refusedBy(this.function);
    this.queue.feeds(this.function, { batchSize: 5, maxConcurrency: 5 });
    const ofThisProject = { 'project-name': [this.project.projectName] };
    subscribe({ stage, bus, to: this.queue, only: { 'aws.codebuild': ofThisProject } });
  }

  /** With each environment its own, protected from the first moment; who may take them away is another function. */
  makesRepositories({ promoter, remover }: { readonly promoter: IRole; readonly remover: IRole }): void {
    this.#promoterRole = promoter.roleArn;
    this.#removerRole = remover.roleArn;
    const below = (prefix: Prefix) => repositoriesBelow(this.function, prefix);
    const all = (['candidate', 'cache', 'release'] as const).map(below);
    this.function.allow(['ecr:CreateRepository'], all);
    this.function.allow(['ecr:PutLifecyclePolicy'], [below('candidate'), below('cache')]);
    this.function.allow(['ecr:GetRepositoryPolicy'], [below('release')]);
    this.function.allow(['ecr:SetRepositoryPolicy'], [below('cache'), below('release')]);
  }

  #mayBuild(sources: Bucket): void {
    this.function.allow(['codebuild:BatchGetBuilds', 'codebuild:StartBuild'], [this.project.projectArn]);
    this.function.allow(['iam:PassRole'], [`${builderRolesArn(this)}*`], {
      StringEquals: { 'iam:PassedToService': 'codebuild.amazonaws.com' },
    });
    this.function.allow(['s3:PutObject'], [sources.arnForObjects('builds/*')]);
    const repositories = [
      repositoriesBelow(this.function, 'base'),
      repositoriesBelow(this.function, 'image'),
      repositoriesBelow(this.function, 'candidate'),
      // For locks of what was resolved.
      repositoriesBelow(this.function, 'cache'),
    ];
    this.function.allow(['ecr:DescribeImages'], repositories);
    acknowledge(this.function, { ...buildsFolder, ...rolesOfBuilders });
  }

  #project(sources: Bucket, config: BuildStageProps['config']): Project {
    const program = (id: string, name: string) =>
      new Asset(this, id, { path: join(choicesOf(this).bundles, name, 'index.mjs') });
    const [attest, egress] = [program('Attest', 'attest'), program('Egress', 'egress')];
    const { logs } = this;
    const builders = new BuilderRoles(this, 'Builders', {
      config,
      sources,
      logs,
      programs: [attest, egress],
    });
    // Each build is started with the role of its team in the place of this one, which reads and pushes nothing.
    const role = new Role(this, 'NobodysRole', {
      assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
      description: 'A build that was started for no team: it says so in its log, and ends',
    });
    logs.grantWrite(role);
    const indexes = indexWays(config.builds.indexes);
    const project = new Project(this, 'Project', {
      description: "Builds an environment's image and pushes it as a candidate",
      // The construct would allow far more than the build needs.
      role: role.withoutPolicyUpdates(),
      grantReportGroupPermissions: false,
      // As an interface: CDK's classes are not made for exactOptionalPropertyTypes.
      source: Source.s3({ bucket: sources as IBucket, path: 'builds/' }),
      buildSpec: buildspec,
      environment: {
        // The architecture of the general-purpose node pool of EKS Auto Mode.
        buildImage: LinuxBuildImage.STANDARD_7_0,
        computeType: ComputeType.MEDIUM,
        privileged: true,
      },
      environmentVariables: {
        REGISTRY: { value: registryHost(this) },
        ATTEST: { value: attest.s3ObjectUrl },
        EGRESS: { value: egress.s3ObjectUrl },
        ...(indexes.length > 0 && { EGRESS_INDEXES: { value: JSON.stringify(indexes) } }),
        EGRESS_ALLOW: { value: [...egressOf(config), ...registryHosts(this)].join(',') },
      },
      logging: { cloudWatch: { logGroup: this.logs } },
      timeout: Duration.minutes(30),
      queuedTimeout: Duration.hours(1),
    });
    // Whoever starts builds waits for the project, and so for the role of each team that it is told of.
    project.node.addDependency(role, builders);
    acknowledge(project, {
      'AwsSolutions-CB4': 'It has no artifacts to encrypt: what it makes is pushed to ECR.',
      'cfn-lint W3005': 'The project waits for the policies of its role, and so for the role.',
    });
    return project;
  }
}
