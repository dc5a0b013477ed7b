/** What holds data is kept, protected and backed up; what is logged is forgotten in time; templates stay small. */
import { keptDays } from '#core/keeping.ts';
import { notBackedUpKey } from '#lib/kit/backups.ts';
import { list } from '../assembly.ts';
import { every, type Found, first, type Invariant, referred, type Stacks, statementsIn } from './rule.ts';

const at = ({ stack, id }: Found): string => `${stack}/${id}`;

const stateful = [
  'AWS::Backup::BackupVault',
  'AWS::Cognito::UserPool',
  'AWS::DynamoDB::Table',
  'AWS::ECR::Repository',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
  'AWS::Route53::HostedZone',
  'AWS::S3::Bucket',
];

const retained: Invariant = {
  says: 'what holds data stays when its stack goes, or when its resource is replaced',
  problems: (stacks) =>
    every(stacks, ...stateful)
      // A name that a service decides would stop the next stack of that name: see kit/log-group.ts.
      .filter(({ Properties }) => Properties['LogGroupName'] === undefined)
      .filter(
        ({ DeletionPolicy, UpdateReplacePolicy }) =>
          DeletionPolicy !== 'Retain' || UpdateReplacePolicy !== 'Retain',
      )
      .map((it) => `${at(it)} goes with its stack`),
  plants: Object.fromEntries(
    stateful.map((type) => [
      `a ${type} that goes`,
      (stacks) => {
        const found = every(stacks, type).find(({ Properties }) => Properties['LogGroupName'] === undefined);
        const resource = stacks.get(found?.stack ?? '')?.[found?.id ?? ''];
        if (resource === undefined) throw new Error(`there is no ${type}`);
        resource.DeletionPolicy = 'Delete';
      },
    ]),
  ),
};

const backedUp: Invariant = {
  says: 'a table can be restored to any second, refuses deletion, and is in a backup plan',
  problems: (stacks) =>
    every(stacks, 'AWS::DynamoDB::Table').flatMap((table) => {
      const { PointInTimeRecoverySpecification: recovery, DeletionProtectionEnabled: guarded } =
        table.Properties;
      return [
        ...(JSON.stringify(recovery) === '{"PointInTimeRecoveryEnabled":true}'
          ? []
          : [`${at(table)}: no recovery`]),
        ...(guarded === true ? [] : [`${at(table)}: may be deleted`]),
        ...(selected(stacks, table) ? [] : [`${at(table)}: no backup`]),
      ];
    }),
  plants: {
    'no point-in-time recovery': (stacks) =>
      delete first(stacks, 'AWS::DynamoDB::Table')['PointInTimeRecoverySpecification'],
    'no deletion protection': (stacks) => {
      first(stacks, 'AWS::DynamoDB::Table')['DeletionProtectionEnabled'] = false;
    },
    'a selection of something else': (stacks) => {
      first(stacks, 'AWS::Backup::BackupSelection')['BackupSelection'] = {
        Resources: ['arn:aws:s3:::bucket'],
      };
    },
  },
};

/** Beside the table, of which `backedUp` asks more. */
const holders = [
  'AWS::Cognito::UserPool',
  'AWS::ECR::Repository',
  'AWS::EFS::FileSystem',
  'AWS::RDS::DBCluster',
  'AWS::RDS::DBInstance',
  'AWS::S3::Bucket',
];

const selected = (stacks: Stacks, { stack, id }: Found): boolean =>
  every(stacks, 'AWS::Backup::BackupSelection').some(
    (it) => it.stack === stack && JSON.stringify(it.Properties).includes(`"${id}"`),
  );

const orReason: Invariant = {
  says: 'what holds data is in a backup plan, or says why not',
  problems: (stacks) =>
    every(stacks, ...holders)
      .filter((it) => !selected(stacks, it) && String(it.Metadata[notBackedUpKey] ?? '').length < 20)
      .map((it) => `${at(it)} is not backed up, and nobody says why`),
  plants: {
    'a bucket of which nobody says why': (stacks) => {
      const [bucket] = every(stacks, 'AWS::S3::Bucket').slice(-1);
      delete bucket?.Metadata[notBackedUpKey];
    },
    'a user pool with an empty reason': (stacks) => {
      for (const it of every(stacks, 'AWS::Cognito::UserPool')) it.Metadata[notBackedUpKey] = '';
    },
    'a file system': (stacks) => {
      const data = { FileSystem: { Type: 'AWS::EFS::FileSystem', Properties: {}, Metadata: {} } };
      Object.assign(stacks.get('GetSchwiftyData') ?? {}, data);
    },
  },
};

const vaults: Invariant = {
  says: 'nobody deletes from a backup vault before its time',
  problems: (stacks) =>
    every(stacks, 'AWS::Backup::BackupVault').flatMap((vault) =>
      statementsIn(vault.Properties).some(
        ({ Effect, Action, Principal }) =>
          Effect === 'Deny' &&
          JSON.stringify(Principal).includes('*') &&
          Action.includes('backup:DeleteRecoveryPoint'),
      )
        ? []
        : [`${at(vault)} may be emptied`],
    ),
  plants: { 'no policy': (stacks) => delete first(stacks, 'AWS::Backup::BackupVault')['AccessPolicy'] },
};

const logs: Invariant = {
  says: 'a log is kept for a month, and whoever logs has a group of ours',
  problems: (stacks) => [
    ...every(stacks, 'AWS::Logs::LogGroup').flatMap((it) =>
      it.Properties['RetentionInDays'] === keptDays.logs ? [] : [`${at(it)} is not kept for a month`],
    ),
    ...every(stacks, 'AWS::CodeBuild::Project').flatMap((it) =>
      JSON.stringify(it.Properties['LogsConfig'] ?? '').includes('"Ref"')
        ? []
        : [`${at(it)} logs where it likes`],
    ),
    ...every(stacks, 'AWS::EKS::Cluster').flatMap(({ stack, Properties }) => {
      const name = `/aws/eks/${String(Properties['Name'])}/cluster`;
      const made = every(stacks, 'AWS::Logs::LogGroup').some(
        (it) => it.stack === stack && it.Properties['LogGroupName'] === name,
      );
      return made ? [] : [`${stack}: EKS would make ${name}`];
    }),
    ...every(stacks, 'AWS::EC2::FlowLog').flatMap((it) =>
      referred(stacks, it.stack, it.Properties['LogGroupName']) ? [] : [`${at(it)} logs where it likes`],
    ),
  ],
  plants: {
    'a log for ever': (stacks) => delete first(stacks, 'AWS::Logs::LogGroup')['RetentionInDays'],
    "a project's own log": (stacks) => delete first(stacks, 'AWS::CodeBuild::Project')['LogsConfig'],
    "EKS's own log": (stacks) => {
      first(stacks, 'AWS::EKS::Cluster')['Name'] = 'another';
    },
    "a flow log's own": (stacks) => {
      first(stacks, 'AWS::EC2::FlowLog')['LogGroupName'] = '/aws/vpc/flow';
    },
  },
};

/** Each template may have 1 MB and 500 resources: there is room for the day when one of them is needed at night. */
const sizes: Invariant = {
  says: 'a template is below 500 KB and 400 resources',
  problems: (stacks) =>
    [...stacks].flatMap(([stack, resources]) => {
      const size = JSON.stringify(resources, null, 1).length;
      const count = Object.keys(resources).length;
      return size < 500_000 && count < 400 ? [] : [`${stack}: ${size} bytes, ${count} resources`];
    }),
  plants: {
    'many resources': (stacks) => {
      const queues = Array.from({ length: 400 }, (_, i) => [
        `Queue${i}`,
        { Type: 'AWS::SQS::Queue', Properties: {}, Metadata: {} },
      ]);
      Object.assign(stacks.get('GetSchwiftyData') ?? {}, Object.fromEntries(queues));
    },
    'large ones': (stacks) => {
      first(stacks, 'AWS::Lambda::Function')['Description'] = 'long '.repeat(100_000);
    },
  },
};

const principals: Invariant = {
  says: 'a policy lets everybody do nothing: `*` is denied something, or held by a condition',
  problems: (stacks) =>
    [...stacks].flatMap(([stack, resources]) =>
      Object.entries(resources).flatMap(([id, { Properties }]) =>
        statementsIn(Properties)
          .filter(({ Principal }) => Principal !== undefined && wide(Principal))
          .filter(({ Effect, Condition }) => Effect !== 'Deny' && Condition === undefined)
          .map(({ Action }) => `${stack}/${id} lets everybody ${Action.join()}`),
      ),
    ),
  plants: {
    'a bucket for all': (stacks) => {
      first(stacks, 'AWS::S3::BucketPolicy')['PolicyDocument'] = {
        Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' }],
      };
    },
    'a role for all': (stacks) => {
      first(stacks, 'AWS::IAM::Role')['AssumeRolePolicyDocument'] = {
        Statement: [{ Effect: 'Allow', Principal: { AWS: ['*'] }, Action: 'sts:AssumeRole' }],
      };
    },
  },
};

const wide = (principal: string | Record<string, unknown>): boolean =>
  principal === '*' ||
  (typeof principal === 'object' && Object.values(principal).some((it) => list(it).includes('*')));

export const keeping: readonly Invariant[] = [retained, backedUp, orReason, vaults, logs, sizes, principals];
