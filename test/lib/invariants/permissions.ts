/** Least privilege, over all roles: who writes what, who pushes where, and nothing on all resources without its reason. */
import { describe, expect, it } from 'vitest';
import * as z from '#core/zod.ts';
import { unscoped } from '#lib/kit/unscoped.ts';
import { type Assembly, target } from '../assembly.ts';
import { roleOf } from '../statements.ts';
import { rolesOf } from './roles.ts';

const Keys = z.object({
  'ForAllValues:StringLike': z.object({ 'dynamodb:LeadingKeys': z.array(z.string()) }),
  Null: z.object({ 'dynamodb:LeadingKeys': z.literal('false') }),
});
const writes = /^dynamodb:(?:\*|Put|Update|Delete|BatchWrite|PartiQL(?:Insert|Update|Delete)|Transact)/;
const pushes = ['ecr:PutImage', 'ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload'];

export function permissions(assembly: Assembly): void {
  const { allowed, roleOfStage } = rolesOf(assembly);

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
