/** Least privilege in clusters: what watchers, access services and workers of jobs may, and who becomes them. */
import { describe, expect, it } from 'vitest';
import * as z from '#core/zod.ts';
import { type Assembly, clusterNames, target } from '../assembly.ts';
import { rolesOf } from './roles.ts';

export function clusterPermissions(assembly: Assembly): void {
  const { roles, allowed, roleOfStage } = rolesOf(assembly);

  describe('permissions in clusters', () => {
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
      const passing = allowed.filter(
        ({ role, statement }) =>
          statement.Action.some((it) => /^eks:.*PodIdentity/.test(it)) ||
          // What the build stage passes is an invariant of its own (builders.ts).
          (statement.Action.includes('iam:PassRole') && role !== roleOfStage('Build')),
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
  });
}
