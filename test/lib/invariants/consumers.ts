/** Whoever takes work has a place for what failed, an alarm with a runbook, and bounds. */
import { list, target } from '../assembly.ts';
import { every, type Found, first, hasAlarm, type Invariant, referred, type Stacks } from './rule.ts';

const QUEUE = 'AWS::SQS::Queue';
const MAPPING = 'AWS::Lambda::EventSourceMapping';
const FUNCTION = 'AWS::Lambda::Function';
const RULE = 'AWS::Events::Rule';
const VISIBLE = 'ApproximateNumberOfMessagesVisible';

export const at = ({ stack, id }: Found): string => `${stack}/${id}`;
export const inner = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;

/** The queue behind a dead-letter setting, with what is wrong with it. */
export function deadLetters(stacks: Stacks, of: Found, arn: unknown): string[] {
  const queue = referred(stacks, of.stack, arn);
  if (queue?.Type !== QUEUE) return [`${at(of)} has no queue for what failed`];
  return hasAlarm(stacks, queue, VISIBLE)
    ? []
    : [`${at(queue)}, where ${at(of)} leaves what failed, has no alarm`];
}

const mappings = (stacks: Stacks, of: 'queue' | 'stream'): Found[] =>
  every(stacks, MAPPING).filter(
    ({ stack, Properties }) =>
      (referred(stacks, stack, Properties['EventSourceArn'])?.Type === QUEUE) === (of === 'queue'),
  );

const queueReaders: Invariant = {
  says: 'a queue reader has a DLQ, alarms, time, bounds and partial failures',
  problems: (stacks) =>
    mappings(stacks, 'queue').flatMap((mapping) => {
      const { stack, Properties } = mapping;
      const queue = referred(stacks, stack, Properties['EventSourceArn']);
      const reader = referred(stacks, stack, Properties['FunctionName']);
      if (queue === undefined || reader === undefined) return [`${at(mapping)} has no queue or no reader`];
      const visible = Number(queue.Properties['VisibilityTimeout'] ?? 30);
      return [
        ...deadLetters(stacks, queue, inner(queue.Properties['RedrivePolicy'], 'deadLetterTargetArn')),
        ...(hasAlarm(stacks, queue, 'ApproximateAgeOfOldestMessage') ? [] : [`${at(queue)} may wait unseen`]),
        ...(visible >= 6 * Number(reader.Properties['Timeout'])
          ? []
          : [`${at(queue)} shows a message too soon`]),
        ...(inner(Properties['ScalingConfig'], 'MaximumConcurrency') ? [] : [`${at(mapping)} has no bound`]),
        ...(list(Properties['FunctionResponseTypes']).includes('ReportBatchItemFailures')
          ? []
          : [`${at(mapping)} fails as a whole`]),
      ];
    }),
  plants: {
    'a queue without a DLQ': (stacks) => delete first(stacks, QUEUE, 'RedrivePolicy')['RedrivePolicy'],
    'a time-out beyond a sixth of the visibility': (stacks) => {
      first(stacks, QUEUE, 'RedrivePolicy')['VisibilityTimeout'] = 1;
    },
    'a mapping without a bound': (stacks) => delete first(stacks, MAPPING, 'ScalingConfig')['ScalingConfig'],
    'a mapping without partial failures': (stacks) =>
      delete first(stacks, MAPPING, 'ScalingConfig')['FunctionResponseTypes'],
    'alarms without a runbook': (stacks) => {
      for (const { Properties } of every(stacks, 'AWS::CloudWatch::Alarm'))
        Properties['AlarmDescription'] = 'Oh.';
    },
    'alarms that reach nobody': (stacks) => {
      for (const { Properties } of every(stacks, 'AWS::CloudWatch::Alarm')) Properties['AlarmActions'] = [];
    },
  },
};

const streamReaders: Invariant = {
  says: 'a stream reader splits, gives up, and leaves what failed where an alarm sees it',
  problems: (stacks) =>
    mappings(stacks, 'stream').flatMap((mapping) => {
      const { Properties } = mapping;
      const retries = Number(Properties['MaximumRetryAttempts'] ?? -1);
      return [
        ...deadLetters(
          stacks,
          mapping,
          inner(inner(Properties['DestinationConfig'], 'OnFailure'), 'Destination'),
        ),
        ...(Properties['BisectBatchOnFunctionError'] === true ? [] : [`${at(mapping)} does not split`]),
        ...(retries >= 0 && retries <= 20 ? [] : [`${at(mapping)} tries for ever`]),
      ];
    }),
  plants: {
    'no place for what failed': (stacks) =>
      delete first(stacks, MAPPING, 'DestinationConfig')['DestinationConfig'],
    'no bisection': (stacks) => {
      first(stacks, MAPPING, 'DestinationConfig')['BisectBatchOnFunctionError'] = false;
    },
    'retries without end': (stacks) =>
      delete first(stacks, MAPPING, 'DestinationConfig')['MaximumRetryAttempts'],
  },
};

const eventTargets: Invariant = {
  says: 'a target of an event rule or a schedule has a DLQ with an alarm',
  problems: (stacks) =>
    every(stacks, RULE).flatMap((rule) =>
      list(rule.Properties['Targets'] ?? []).flatMap((one) =>
        deadLetters(stacks, rule, inner(inner(one, 'DeadLetterConfig'), 'Arn')),
      ),
    ),
  plants: {
    'a target without a DLQ': (stacks) => {
      const rule = first(stacks, RULE, 'EventPattern');
      rule['Targets'] = [{ Arn: 'arn:aws:sqs:::queue', Id: 'Target0' }];
    },
    'a schedule whose DLQ nobody watches': (stacks) => {
      const schedule = first(stacks, RULE, 'ScheduleExpression');
      schedule['Targets'] = [{ Id: 'Target0', DeadLetterConfig: { Arn: { Ref: 'Nothing' } } }];
    },
  },
};

const functions: Invariant = {
  says: 'a function has an alarm on its errors, one architecture and runtime, traces, and a log of its own',
  problems: (stacks) =>
    every(stacks, FUNCTION).flatMap((lambda) => {
      const { stack, Properties } = lambda;
      const wrong = (what: string, right: boolean) => (right ? [] : [`${at(lambda)}: ${what}`]);
      const log = inner(Properties['LoggingConfig'], 'LogGroup');
      return [
        ...wrong('no alarm', hasAlarm(stacks, lambda, 'Errors')),
        ...wrong('not arm64', String(Properties['Architectures']) === 'arm64'),
        ...wrong('not Node 24', Properties['Runtime'] === 'nodejs24.x'),
        ...wrong('not traced', inner(Properties['TracingConfig'], 'Mode') === 'Active'),
        ...wrong('no log group', referred(stacks, stack, log)?.Type === 'AWS::Logs::LogGroup'),
      ];
    }),
  plants: {
    'another architecture': (stacks) => delete first(stacks, FUNCTION)['Architectures'],
    'another runtime': (stacks) => {
      first(stacks, FUNCTION)['Runtime'] = 'nodejs22.x';
    },
    'no tracing': (stacks) => delete first(stacks, FUNCTION)['TracingConfig'],
    'a log group that Lambda makes': (stacks) => delete first(stacks, FUNCTION)['LoggingConfig'],
    'an alarm on another function': (stacks) => {
      for (const { Properties } of every(stacks, 'AWS::CloudWatch::Alarm')) Properties['Dimensions'] = [];
    },
  },
};

const custom: Invariant = {
  says: 'a custom resource that never answers fails its deployment within the hour',
  problems: (stacks) =>
    [...stacks].flatMap(([stack, resources]) =>
      Object.entries(resources).flatMap(([id, { Properties }]) => {
        const waits = Number(Properties['ServiceTimeout'] ?? 3600);
        return Properties['ServiceToken'] === undefined || waits <= 1800
          ? []
          : [`${stack}/${id} waits ${waits} s`];
      }),
    ),
  plants: {
    'no time-out': (stacks) => {
      for (const resources of stacks.values())
        for (const { Properties } of Object.values(resources)) delete Properties['ServiceTimeout'];
    },
  },
};

/** CodeBuild's own would be an hour, and eight in the queue. A reason of `TIMED_OUT` and docs/operations.md name these. */
const builds: Invariant = {
  says: 'a build that hangs is ended after half an hour, and within an hour where no machine takes it',
  problems: (stacks) =>
    every(stacks, 'AWS::CodeBuild::Project').flatMap((it) =>
      it.Properties['TimeoutInMinutes'] === 30 && it.Properties['QueuedTimeoutInMinutes'] === 60
        ? []
        : [`${at(it)} may hang for as long as it likes`],
    ),
  plants: {
    'no time for a build': (stacks) => delete first(stacks, 'AWS::CodeBuild::Project')['TimeoutInMinutes'],
    'no time in the queue': (stacks) =>
      delete first(stacks, 'AWS::CodeBuild::Project')['QueuedTimeoutInMinutes'],
  },
};

const api: Invariant = {
  says: 'an API has an alarm on its failures, a throttle and an access log',
  problems: (stacks) => [
    ...every(stacks, 'AWS::ApiGatewayV2::Api').flatMap((it) =>
      hasAlarm(stacks, it, '5xx') ? [] : [`${at(it)}: no alarm`],
    ),
    ...every(stacks, 'AWS::ApiGatewayV2::Stage').flatMap((it) => {
      const limit = Number(inner(it.Properties['DefaultRouteSettings'], 'ThrottlingRateLimit') ?? 0);
      const log = inner(it.Properties['AccessLogSettings'], 'DestinationArn');
      return limit > 0 && log !== undefined ? [] : [`${at(it)}: no throttle or no access log`];
    }),
  ],
  plants: {
    'no throttle': (stacks) => delete first(stacks, 'AWS::ApiGatewayV2::Stage')['DefaultRouteSettings'],
    'no access log': (stacks) => delete first(stacks, 'AWS::ApiGatewayV2::Stage')['AccessLogSettings'],
    'no alarm': (stacks) => {
      for (const { Properties } of every(stacks, 'AWS::CloudWatch::Alarm'))
        Properties['MetricName'] = 'Count';
    },
  },
};

const queues: Invariant = {
  says: 'a queue is encrypted, and either has a DLQ or is one with an alarm',
  problems: (stacks) =>
    every(stacks, QUEUE).flatMap((queue) => [
      ...(queue.Properties['SqsManagedSseEnabled'] === true ? [] : [`${at(queue)} is not encrypted`]),
      ...(queue.Properties['RedrivePolicy'] !== undefined || hasAlarm(stacks, queue, VISIBLE)
        ? []
        : [`${at(queue)} has no DLQ and is watched by nobody`]),
    ]),
  plants: {
    'no encryption': (stacks) => delete first(stacks, QUEUE)['SqsManagedSseEnabled'],
    'a queue that nobody watches': (stacks) => delete first(stacks, QUEUE, 'RedrivePolicy')['RedrivePolicy'],
  },
};

/** Statements of a role as text: a queue's logical id is in it, and no other's. */
const rightsOf = (stacks: Stacks, { stack, Properties }: Found): string[] =>
  every(stacks, 'AWS::IAM::Policy')
    .filter(
      (policy) =>
        policy.stack === stack &&
        list(policy.Properties['Roles']).some((role) => target(role) === target(Properties['Role'])),
    )
    .flatMap(({ Properties: { PolicyDocument } }) => list(inner(PolicyDocument, 'Statement')))
    .map((statement) => JSON.stringify(statement));

/** Source: AWS Lambda developer guide, "Use Lambda recursive loop detection to prevent infinite loops". */
const loops: Invariant = {
  says: 'Lambda lets a function run on that sends to the queue that it reads, and no other one',
  problems: (stacks) =>
    every(stacks, FUNCTION).flatMap((lambda) => {
      const queues = mappings(stacks, 'queue')
        .filter((it) => it.stack === lambda.stack && target(it.Properties['FunctionName']) === lambda.id)
        .map((it) => `"${target(it.Properties['EventSourceArn'])}"`);
      const sends = rightsOf(stacks, lambda).filter((it) => it.includes('sqs:SendMessage'));
      const asksItself = queues.some((queue) => sends.some((statement) => statement.includes(queue)));
      return asksItself === (lambda.Properties['RecursiveLoop'] === 'Allow')
        ? []
        : [`${at(lambda)} ${asksItself ? 'is stopped after sixteen turns' : 'may go round for ever'}`];
    }),
  plants: {
    'a sweep that is stopped': (stacks) => delete first(stacks, FUNCTION, 'RecursiveLoop')['RecursiveLoop'],
    'a loop that nobody means': (stacks) => {
      for (const { Properties } of every(stacks, FUNCTION)) Properties['RecursiveLoop'] = 'Allow';
    },
  },
};

export const consumers: readonly Invariant[] = [
  queueReaders,
  streamReaders,
  eventTargets,
  functions,
  custom,
  builds,
  api,
  queues,
  loops,
];
