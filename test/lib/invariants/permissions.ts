/** Least privilege, over all roles: who writes what, who pushes where, and nothing on all resources without its reason. */
import { describe, expect, it } from 'vitest';
import * as z from '#core/zod.ts';
import { unscoped } from '#lib/kit/unscoped.ts';
import { type Assembly, clusterNames, target } from '../assembly.ts';
import { roleOf, type Statement, statementsByRole } from '../statements.ts';

const Keys = z.object({
  'ForAllValues:StringLike': z.object({ 'dynamodb:LeadingKeys': z.array(z.string()) }),
  Null: z.object({ 'dynamodb:LeadingKeys': z.literal('false') }),
});
const writes = /^dynamodb:(?:\*|Put|Update|Delete|BatchWrite|PartiQL(?:Insert|Update|Delete)|Transact)/;
const pushes = ['ecr:PutImage', 'ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload'];

export function permissions(assembly: Assembly): void {
  const roles = new Map(
    [...assembly.stacks].flatMap(([stack, resources]) =>
      [...statementsByRole(resources)].map(([role, statements]): [string, Statement[]] => [
        `${stack}/${role}`,
        statements,
      ]),
    ),
  );
  const allowed = [...roles].flatMap(([role, statements]) =>
    statements.filter(({ Effect }) => Effect === 'Allow').map((statement) => ({ role, statement })),
  );
  const roleOfStage = (prefix: string) =>
    `GetSchwiftyControlPlane/${roleOf(assembly.controlPlaneResource(assembly.idOf(`${prefix}FunctionName`)))}`;

  describe('permissions', () => {
    it('every write to the table names the kinds of items', () => {
      for (const { role, statement } of allowed.filter(({ statement }) =>
        statement.Action.some((it) => writes.test(it)),
      ))
        expect(Keys.safeParse(statement.Condition).error, role).toBeUndefined();
    });

    it.each([
      ['VERDICT#*', ['Gate']],
      ['APPROVAL#*', ['Api']],
      ['REQUEST#*', ['Api']],
      ['BUCKET#*', ['Api']],
      ['LEDGER#*', ['Api', 'JobStarts', 'Jobs', 'Schedule']],
      ['JOB#*', ['Api', 'JobStarts', 'Jobs', 'JobSlotsMain', 'JobSlotsSecond']],
      ['STANDING#*', ['Api', 'JobStarts']],
      ['CHUNK#*', ['Jobs']],
      ['SSHKEY#*', ['Api']],
      ['WAIVER#*', ['Api']],
      ['TRANSFER#*', ['Api', 'Schedule']],
      ['SNAPSHOT#*', ['Api', 'DeployMain', 'DeploySecond']],
      ['BUILD#*', ['Build']],
      [
        'ENV#*',
        [
          'Api',
          'Build',
          'Gate',
          'Promote',
          'Dns',
          'Remove',
          'Schedule',
          'Pager',
          'DeployMain',
          'DeploySecond',
        ],
      ],
      [
        'FAILURE#*',
        [
          'Build',
          'Gate',
          'Promote',
          'Dns',
          'Remove',
          'Jobs',
          'JobStarts',
          'Schedule',
          'Pager',
          'DeployMain',
          'DeploySecond',
          'JobSlotsMain',
          'JobSlotsSecond',
        ],
      ],
    ])('%s is written by %s alone', (kind, stages) => {
      const writers = allowed
        .filter(({ statement }) => statement.Action.some((it) => writes.test(it)))
        .filter(({ statement }) =>
          Keys.parse(statement.Condition)['ForAllValues:StringLike']['dynamodb:LeadingKeys'].includes(kind),
        )
        .map(({ role }) => role);
      expect(writers.sort()).toEqual(stages.map(roleOfStage).sort());
    });

    it('only the promoter pushes to release repositories', () => {
      const pushers = allowed
        .filter(({ statement }) => statement.Action.some((it) => pushes.includes(it) || it === 'ecr:*'))
        .filter(({ statement }) => statement.Resource.some((it) => it.includes('release/') || it === '"*"'));
      expect(pushers.map(({ role }) => role)).toEqual([roleOfStage('Promote')]);
    });

    it('a release repository refuses everybody else, whatever their role says', () => {
      const promoter = roleOfStage('Promote').split('/')[1];
      const policies = releasesOf(assembly);
      for (const { release, protection } of policies) {
        expect(release.Action).toEqual(expect.arrayContaining([...pushes, 'ecr:BatchDeleteImage']));
        expect(target(exceptionOf(release))).toBe(promoter);
        expect(protection.Action).toEqual(
          expect.arrayContaining([
            'ecr:SetRepositoryPolicy',
            'ecr:DeleteRepositoryPolicy',
            'ecr:PutImageTagMutability',
            'ecr:PutLifecyclePolicy',
            'ecr:DeleteRepository',
          ]),
        );
        expect(JSON.stringify(exceptionOf(protection))).toMatch(/:role\/cdk-[a-z0-9]+-cfn-exec-role-/);
      }
      expect(policies).toHaveLength(assembly.config.environments.length);
    });

    it('what protects a release repository is given once, by its maker, and taken away with it', () => {
      const protecting = /^ecr:(?:\*|Set|Delete|Put(?!Image$)|Update)/;
      const able = allowed.flatMap(({ role, statement }) =>
        statement.Resource.some((it) => it.includes('release/') || it === '"*"')
          ? statement.Action.filter((it) => protecting.test(it)).map((action) => [role, action])
          : [],
      );
      expect(able).toEqual([
        [roleOfStage('Build'), 'ecr:SetRepositoryPolicy'],
        [roleOfStage('Remove'), 'ecr:DeleteRepository'],
      ]);
    });

    it.each(clusterNames)('the watcher of %s may send to its own queue, and nothing else', (name) => {
      const queue = assembly.idOf(`Watcher${name[0]?.toUpperCase()}${name.slice(1)}QueueUrl`);
      const statements = [...roles]
        .filter(([role]) => role.includes(`/Watcher${name}Role`))
        .flatMap(([, it]) => it);
      expect(statements).toEqual([
        {
          Effect: 'Allow',
          Action: ['sqs:SendMessage'],
          Resource: [JSON.stringify({ 'Fn::GetAtt': [queue, 'Arn'] })],
        },
      ]);
    });

    it.each(clusterNames)(
      'the access service of %s reads SSH keys, keeps who logged in, says that it lives, no more',
      (name) => {
        const statements = [...roles]
          .filter(([role]) => role.includes(`/Access${name}Role`))
          .flatMap(([, it]) => it);
        expect(statements).toEqual([
          {
            Effect: 'Allow',
            Action: ['dynamodb:Query'],
            Resource: [expect.stringMatching(/Table/)],
            Condition: {
              'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['SSHKEY#*'] },
              Null: { 'dynamodb:LeadingKeys': 'false' },
            },
          },
          {
            Effect: 'Allow',
            Action: ['dynamodb:PutItem'],
            Resource: [expect.stringMatching(/Table/)],
            Condition: {
              'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['SESSION#*'] },
              Null: { 'dynamodb:LeadingKeys': 'false' },
            },
          },
          {
            Effect: 'Allow',
            Action: ['cloudwatch:PutMetricData'],
            Resource: ['"*"'],
            Condition: { StringEquals: { 'cloudwatch:namespace': `GetSchwifty/Access/${name}` } },
          },
        ]);
      },
    );

    it("a job's worker reaches what is of its own job, as its pod's namespace says, and nothing it could share", () => {
      const found = [...roles].filter(([role]) => role.includes('/JobWorkersRole'));
      expect(found).toHaveLength(1);
      const tag = `\${aws:PrincipalTag/${'kubernetes-namespace'}}`;
      const statements = found.flatMap(([, it]) => it);
      const own = statements.filter((statement) => JSON.stringify(statement).includes(tag));
      expect(own.map(({ Action }) => Action[0]?.split(':')[0])).toEqual(['dynamodb', 'sqs', 's3']);
      expect(own[0]?.Condition).toEqual({
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`CHUNK#${tag}`] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      });
      expect(own[1]?.Resource).toEqual([
        expect.stringMatching(/:\*\$\{aws:PrincipalTag\/kubernetes-namespace\}/),
      ]);
      expect(own[2]?.Resource).toEqual([expect.stringContaining(`/jobs/checkout/${tag}/*`)]);
      // What is of no job, or of another one of the team, is read, and says which uploads are under way; none of it is written.
      const shared = statements.filter((statement) => !own.includes(statement));
      expect(shared.flatMap(({ Action }) => Action)).toEqual([
        's3:GetObject',
        's3:ListBucketMultipartUploads',
      ]);
      expect(shared[0]?.Resource).toEqual([
        expect.stringContaining('/datasets/checkout/*'),
        expect.stringContaining('/jobs/checkout/*'),
      ]);
    });

    it('only the stage of jobs gives it to them, and it passes no other role', () => {
      const passing = allowed.filter(({ statement }) =>
        statement.Action.some((it) => it === 'iam:PassRole' || /^eks:.*PodIdentity/.test(it)),
      );
      expect(new Set(passing.map(({ role }) => role))).toEqual(new Set([roleOfStage('Jobs')]));
      const pass = passing.filter(({ statement }) => statement.Action.includes('iam:PassRole'));
      expect(pass).toHaveLength(1);
      expect(pass[0]?.statement).toMatchObject({
        Action: ['iam:PassRole'],
        Resource: [expect.stringContaining('JobWorkersRole')],
        Condition: { StringEquals: { 'iam:PassedToService': 'pods.eks.amazonaws.com' } },
      });
    });

    it('becomes it only in a namespace of a job, by the service account of workers, in a cluster of ours', () => {
      const [, role] = assembly.ofType('AWS::IAM::Role').find(([id]) => id.includes('/JobWorkersRole')) ?? [];
      const document = z.object({ Statement: z.array(z.looseObject({ Condition: z.unknown() })) });
      const { Statement: trusted } = document.parse(role?.Properties['AssumeRolePolicyDocument']);
      expect(trusted.length).toBeGreaterThan(0);
      for (const { Condition } of trusted)
        expect(Condition).toEqual({
          StringEquals: {
            'aws:RequestTag/eks-cluster-name': clusterNames,
            'aws:RequestTag/kubernetes-service-account': 'worker',
          },
          StringLike: { 'aws:RequestTag/kubernetes-namespace': 'job-*' },
        });
    });

    const inClusters = clusterNames.flatMap((name) => [
      { name, who: 'watcher', id: 'Watcher' },
      { name, who: 'access', id: 'Access' },
    ]);
    it.each(inClusters)(
      'only the service account of its cluster $name becomes $who',
      ({ name, who, id: stage }) => {
        const [association] = assembly
          .ofType('AWS::EKS::PodIdentityAssociation')
          .filter(([id]) => id.includes(`/${stage}${name}`));
        expect(association?.[1].Properties).toMatchObject({
          Namespace: 'getschwifty-system',
          ServiceAccount: who,
        });
        const role = assembly.controlPlaneResource(target(association?.[1].Properties['RoleArn']) ?? '?');
        const tags = {
          'aws:RequestTag/eks-cluster-name': name,
          'aws:RequestTag/kubernetes-namespace': 'getschwifty-system',
          'aws:RequestTag/kubernetes-service-account': who,
        };
        const document = z.object({ Statement: z.array(z.looseObject({})) });
        const { Statement: trusted } = document.parse(role.Properties['AssumeRolePolicyDocument']);
        for (const statement of trusted)
          expect(statement).toMatchObject({
            Principal: { Service: 'pods.eks.amazonaws.com' },
            Condition: { StringEquals: tags },
          });
        expect(trusted.flatMap(({ Action }) => Action).sort()).toEqual(['sts:AssumeRole', 'sts:TagSession']);
      },
    );

    it('nothing is allowed on all resources but what has its reason in kit/unscoped.ts', () => {
      const everywhere = allowed.filter(({ statement }) => statement.Resource.includes('"*"'));
      const actions = new Set(everywhere.flatMap(({ statement }) => statement.Action));
      expect([...actions].filter((action) => !(action in unscoped))).toEqual([]);
    });

    it('operators act on DLQs and nothing else: the API takes no message from a stage, and tells no event', () => {
      const api = allowed.filter(({ role }) => role === roleOfStage('Api')).map(({ statement }) => statement);
      const on = (action: string) =>
        api.filter((it) => it.Action.includes(action)).flatMap((it) => it.Resource);
      const queues = assembly
        .ofType('AWS::SQS::Queue')
        .map(([id, it]) => ({ id: id.replace(/^.*\//, ''), ...it }));
      const dlqs = queues.filter(({ Properties }) => Properties['RedrivePolicy'] === undefined);
      const stages = queues.filter(({ Properties }) => Properties['RedrivePolicy'] !== undefined);
      const named = (resources: readonly string[], known: typeof queues) =>
        resources.filter((it) => !known.some(({ id }) => it.includes(id)));
      for (const action of ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility']) {
        expect(on(action)).toHaveLength(dlqs.length);
        expect(named(on(action), dlqs)).toEqual([]);
      }
      expect(on('sqs:SendMessage')).toHaveLength(stages.length);
      expect(named(on('sqs:SendMessage'), stages)).toEqual([]);
      const invoked = ['Dns', 'Outbox'].map((stage) => assembly.idOf(`${stage}FunctionName`));
      expect(on('lambda:InvokeFunction').map((it) => invoked.find((id) => it.includes(id)))).toEqual(invoked);
      expect(on('events:PutEvents')).toEqual([]);
    });

    it('no action is a wildcard', () => {
      for (const { role, statement } of allowed) expect(statement.Action.join(), role).not.toContain('*');
    });

    it('no two functions share a role', () => {
      const used = [...assembly.stacks].flatMap(([stack, resources]) =>
        Object.values(resources)
          .filter(({ Type }) => Type === 'AWS::Lambda::Function')
          .map((lambda) => `${stack}/${roleOf(lambda)}`),
      );
      expect(new Set(used).size).toBe(used.length);
    });
  });
}

/** To all but one principal. */
const Denial = z.object({
  Effect: z.literal('Deny'),
  Principal: z.object({ AWS: z.literal('*') }),
  Action: z.array(z.string()),
  Condition: z.strictObject({ ArnNotEquals: z.strictObject({ 'aws:PrincipalArn': z.unknown() }) }),
});
const exceptionOf = (denial: z.infer<typeof Denial>): unknown =>
  denial.Condition.ArnNotEquals['aws:PrincipalArn'];

function releasesOf(assembly: Assembly) {
  const Properties = z.object({
    ImageTagMutability: z.literal('IMMUTABLE'),
    RepositoryPolicyText: z.object({ Statement: z.tuple([Denial, Denial]) }),
  });
  return assembly.ofType('AWS::ECR::Repository').flatMap(([, resource]) => {
    if (!String(resource.Properties['RepositoryName']).startsWith('release/')) return [];
    const [release, protection] = Properties.parse(resource.Properties).RepositoryPolicyText.Statement;
    return [{ release, protection }];
  });
}
