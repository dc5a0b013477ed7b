/** Whatever can fail has a place for what failed, an alarm that says who is hurt, and a runbook. */
import { describe, expect, it } from 'vitest';
import { accessHeartbeat } from '#core/access.ts';
import { impactOf, type Stage } from '#core/flow.ts';
import * as z from '#core/zod.ts';
import { type Assembly, clusterNames, type Resource, target } from '../assembly.ts';

const Redrive = z.object({ deadLetterTargetArn: z.unknown(), maxReceiveCount: z.number() });
const Alarm = z.looseObject({
  MetricName: z.string(),
  Dimensions: z.optional(z.array(z.object({ Name: z.string(), Value: z.unknown() }))),
  AlarmDescription: z.string(),
  AlarmActions: z.array(z.unknown()).check(z.minLength(1)),
  OKActions: z.array(z.unknown()).check(z.minLength(1)),
  TreatMissingData: z.enum(['notBreaching', 'breaching']),
});

/** The stage that a logical id belongs to: it begins with the name of the stage's construct. */
const stageOf = (id: string): string =>
  /^(?:JobSlots|JobStarts|[A-Z][a-z]+?(?=[A-Z]|main|second))/
    .exec(id)?.[0]
    ?.replace(/(?<=.)[A-Z]/, '-$&')
    .toLowerCase() ?? id;

export function failureSurfaces(assembly: Assembly): void {
  const resources = assembly.controlPlane;
  const ofType = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type);
  const alarms = ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Alarm.parse(Properties));
  const alarmOn = (metric: string, id: string) =>
    alarms.find(
      ({ MetricName, Dimensions = [] }) =>
        MetricName === metric && Dimensions.some(({ Value }) => target(Value) === id),
    );
  const mappings = ofType('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties);
  const queueMappings = mappings.filter((mapping) => mapping['ScalingConfig'] !== undefined);

  /** Of no stage; that they have an alarm, too, is in undelivered.ts. */
  const calledByCloudFormation = Object.values(resources).flatMap(
    ({ Properties }) => target(Properties['ServiceToken']) ?? [],
  );

  describe('failure surfaces', () => {
    it('there is a queue for each stage that has one', () => expect(queueMappings).toHaveLength(15));

    it.each(queueMappings.map((mapping) => [target(mapping['EventSourceArn']) ?? '?', mapping] as const))(
      '%s has a DLQ, an alarm, a runbook, time for its reader, and partial failures',
      (queueId, mapping) => {
        const stage = stageOf(queueId);
        const queue = assembly.controlPlaneResource(queueId).Properties;
        const { deadLetterTargetArn, maxReceiveCount } = Redrive.parse(queue['RedrivePolicy']);
        expect(maxReceiveCount).toBe(5);
        expect(mapping['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures']);
        const reader = assembly.controlPlaneResource(target(mapping['FunctionName']) ?? '?').Properties;
        expect(queue['VisibilityTimeout']).toBeGreaterThanOrEqual(6 * Number(reader['Timeout']));
        for (const alarm of [
          alarmOn('ApproximateNumberOfMessagesVisible', dlqName(deadLetterTargetArn)),
          alarmOn('ApproximateAgeOfOldestMessage', queueId),
        ]) {
          expect(alarm?.AlarmDescription).toContain(impactOf(stage as Stage));
          expect(alarm?.AlarmDescription).toContain(`docs/runbooks/${stage}.md`);
        }
      },
    );

    it.each(
      ofType('AWS::Lambda::Function')
        .filter(([id]) => !calledByCloudFormation.includes(id))
        .map(([id, lambda]) => [id, lambda] as const),
    )('%s has an alarm on its errors with its runbook', (id: string, _lambda: Resource) => {
      const alarm = alarmOn('Errors', id);
      expect(alarm?.AlarmDescription).toMatch(
        new RegExp(`\\. .{20,} Runbook: docs/runbooks/${stageOf(id)}\\.md$`),
      );
    });

    it.each(clusterNames)('a watcher of %s that says nothing for five minutes rings', (name) => {
      const queue = assembly.idOf(`Watcher${name[0]?.toUpperCase()}${name.slice(1)}QueueUrl`);
      const silent = alarms.find(
        ({ MetricName, Dimensions = [] }) =>
          MetricName === 'NumberOfMessagesSent' && Dimensions.some(({ Value }) => target(Value) === queue),
      );
      expect(silent).toMatchObject({
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 5,
        Threshold: 1,
        ComparisonOperator: 'LessThanThreshold',
        AlarmDescription: expect.stringContaining(impactOf('watcher')),
      });
    });

    it.each(clusterNames)('an access service of %s that says nothing for five minutes rings', (name) => {
      const heard = ofType('AWS::CloudWatch::Alarm').filter(
        ([, { Properties }]) => Properties['Namespace'] === accessHeartbeat.namespaceOf(name),
      );
      expect(heard.map(([, { Properties }]) => Properties)).toEqual([
        expect.objectContaining({
          MetricName: accessHeartbeat.metric,
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 5,
          Threshold: 1,
          ComparisonOperator: 'LessThanThreshold',
          TreatMissingData: 'breaching',
          AlarmDescription: expect.stringMatching(
            /^The access service of cluster .* Runbook: .*\/access\.md$/,
          ),
        }),
      ]);
    });

    it('of all others no data is no alarm', () =>
      expect(
        alarms
          .filter(({ TreatMissingData }) => TreatMissingData === 'breaching')
          .map(({ MetricName }) => MetricName),
      ).toEqual(clusterNames.map(() => accessHeartbeat.metric)));

    it('the stream is read with bisection, bounded retries and a place for what failed', () => {
      const [stream] = mappings.filter((mapping) => mapping['ScalingConfig'] === undefined);
      expect(stream).toMatchObject({
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 5,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        FilterCriteria: {
          Filters: [
            { Pattern: '{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"OUTBOX#"}]}}}}' },
          ],
        },
      });
      const dlq = assembly.idOf('OutboxDlqUrl');
      expect(JSON.stringify(stream?.['DestinationConfig'])).toContain(dlq);
      expect(alarmOn('ApproximateNumberOfMessagesVisible', dlq)).toBeDefined();
    });

    it('every DLQ is in the list that operators are shown, with where its messages go back to', () => {
      const shown = JSON.stringify(
        assembly.controlPlaneResource(assembly.idOf('ApiFunctionName')).Properties,
      );
      const dlqs = assembly
        .ofType('AWS::SQS::Queue')
        .filter(([, { Properties }]) => Properties['RedrivePolicy'] === undefined)
        .map(([id]) => id);
      expect(dlqs.length).toBeGreaterThan(10);
      // A queue of another stack is imported by the name of its export, which holds its logical id.
      expect(dlqs.filter((id) => !shown.includes(id.replace(/^.*\//, '')))).toEqual([]);
      for (const mapping of queueMappings) expect(shown).toContain(target(mapping['EventSourceArn']));
    });

    it('no alarm goes through the pager stage: all reach the topic itself', () => {
      const topics = new Set(
        alarms.flatMap(({ AlarmActions }) => AlarmActions.map((it) => JSON.stringify(it))),
      );
      expect([...topics]).toEqual([JSON.stringify(assembly.outputs['TopicArn'])]);
    });
  });
}

const dlqName = (arn: unknown): string => target(arn) ?? '?';
