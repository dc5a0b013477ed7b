/** The event rules say what core/flow.ts says: no more, no less, and to nobody else. */
import { describe, expect, it } from 'vitest';
import { eventSource } from '#core/events.ts';
import { flow, type Stage, subscriptionsOf } from '#core/flow.ts';
import * as z from '#core/zod.ts';
import { type Assembly, clusterNames, target } from '../assembly.ts';

const Pattern = z.object({
  source: z.array(z.string()),
  'detail-type': z.array(z.string()),
  detail: z.optional(z.record(z.string(), z.unknown())),
});
const Target = z.object({ Arn: z.unknown(), DeadLetterConfig: z.object({ Arn: z.unknown() }) });

const prefixes: Readonly<Record<string, Stage>> = {
  Build: 'build',
  Gate: 'gate',
  Promote: 'promote',
  Dns: 'dns',
  Remove: 'remove',
  Jobs: 'jobs',
  JobStarts: 'job-starts',
  Pager: 'pager',
  DeployMain: 'deploy',
  DeploySecond: 'deploy',
  JobSlotsMain: 'job-slots',
  JobSlotsSecond: 'job-slots',
};

export function eventRules(assembly: Assembly): void {
  const rules = Object.values(assembly.controlPlane)
    .filter(({ Type }) => Type === 'AWS::Events::Rule')
    .map(({ Properties }) => Properties);
  const rulesTo = (queue: string) =>
    rules.filter((rule) =>
      z
        .array(Target)
        .parse(rule['Targets'])
        .some(({ Arn }) => target(Arn) === queue),
    );

  describe('event rules', () => {
    it.each(Object.entries(prefixes))('to %s are those of stage %s in the flow', (prefix, stage) => {
      const cluster = clusterNames.find(
        (name) => prefix.replace(/^(?:Deploy|JobSlots)/, '') === `${name[0]?.toUpperCase()}${name.slice(1)}`,
      );
      const found = rulesTo(assembly.idOf(`${prefix}QueueUrl`)).map((rule) => {
        const pattern = Pattern.parse(rule['EventPattern']);
        const [source] = pattern.source;
        expect(rule['EventBusName'] !== undefined, `${source} on the right bus`).toBe(source === eventSource);
        const { 'project-name': project, cluster: to, bucket, ...detail } = pattern.detail ?? {};
        expect(project !== undefined).toBe(source === 'aws.codebuild');
        expect(bucket !== undefined).toBe(source === 'aws.s3');
        expect(to).toEqual(cluster && [cluster]);
        return { source, detailTypes: pattern['detail-type'], detail };
      });
      const wanted = subscriptionsOf(stage).map((subscription) => ({ detail: {}, ...subscription }));
      expect(found).toHaveLength(wanted.length);
      expect(found).toEqual(expect.arrayContaining(wanted));
    });

    it('reach every stage that takes events', () => {
      const taking = flow.filter(({ on }) => on.length > 0).map(({ stage }) => stage);
      expect(new Set(Object.values(prefixes))).toEqual(new Set(taking));
    });

    it('are no others but the clock of reconcile', () => {
      const known = Object.keys(prefixes).flatMap((prefix) => rulesTo(assembly.idOf(`${prefix}QueueUrl`)));
      const others = rules.filter((rule) => !known.includes(rule));
      expect(others.map((rule) => rule['ScheduleExpression'])).toEqual(['rate(1 minute)']);
    });

    it('keep what could not be delivered', () => {
      for (const rule of rules) expect(z.array(Target).safeParse(rule['Targets']).error).toBeUndefined();
    });
  });
}
