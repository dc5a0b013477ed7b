/** Who is told without anybody waiting for an answer: what can't be told is left where an alarm sees it. */
import * as z from '#core/zod.ts';
import { at, deadLetters, inner } from './consumers.ts';
import { every, type Found, first, hasAlarm, type Invariant, referred, type Stacks } from './rule.ts';

const FUNCTION = 'AWS::Lambda::Function';
const PERMISSION = 'AWS::Lambda::Permission';
const SUBSCRIPTION = 'AWS::SNS::Subscription';

/**
 * By CloudFormation for a custom resource, and by services that may invoke them: all but the gateway of the API do so
 * asynchronously. Source: AWS Lambda developer guide, "Invoking Lambda with events from other AWS services".
 */
function invokedAsynchronously(stacks: Stacks): Found[] {
  const named = [...stacks].flatMap(([stack, resources]) =>
    Object.values(resources).map(({ Properties }) => referred(stacks, stack, Properties['ServiceToken'])),
  );
  const allowed = every(stacks, PERMISSION)
    .filter(({ Properties }) => Properties['Principal'] !== 'apigateway.amazonaws.com')
    .map(({ stack, Properties }) => referred(stacks, stack, Properties['FunctionName']));
  const found = [...named, ...allowed].filter((it) => it?.Type === FUNCTION);
  return [...new Map(found.flatMap((it) => (it ? [[at(it), it] as const] : []))).values()];
}

const functions: Invariant = {
  says: 'a function that is invoked asynchronously has a DLQ, and alarms on it and on its errors',
  problems: (stacks) =>
    invokedAsynchronously(stacks).flatMap((lambda) => [
      ...deadLetters(stacks, lambda, inner(lambda.Properties['DeadLetterConfig'], 'TargetArn')),
      ...(hasAlarm(stacks, lambda, 'Errors') ? [] : [`${at(lambda)} fails unseen`]),
    ]),
  plants: {
    ...Object.fromEntries(
      ['Setup', 'AccessImage', 'WatcherImage', 'JobWorkersImage', 'Reconcile'].map((name) => [
        `${name} without a DLQ`,
        (stacks: Stacks) => {
          const lambda = every(stacks, FUNCTION).find(
            ({ id, Properties }) => id.startsWith(`${name}Function`) && Properties['DeadLetterConfig'],
          );
          if (lambda === undefined) throw new Error(`there is no ${name} with a DLQ`);
          delete lambda.Properties['DeadLetterConfig'];
        },
      ]),
    ),
    'a DLQ that nobody watches': (stacks) => {
      for (const { Properties } of every(stacks, 'AWS::CloudWatch::Alarm'))
        if (Properties['MetricName'] !== 'Errors') Properties['Dimensions'] = [];
    },
    'a bucket that invokes the gate': (stacks) => {
      const gate = every(stacks, FUNCTION).find(({ id }) => id.startsWith('GateFunction'));
      const api = first(stacks, PERMISSION);
      Object.assign(api, { Principal: 's3.amazonaws.com', FunctionName: { Ref: gate?.id } });
    },
  },
};

/** As SNS documents what it takes, and what it takes for what is not said ("Amazon SNS message delivery retries"). */
const Retries = z.object({
  minDelayTarget: z._default(z.number(), 20),
  maxDelayTarget: z._default(z.number(), 20),
  numRetries: z._default(z.number().check(z.maximum(100)), 3),
  numNoDelayRetries: z._default(z.number(), 0),
  numMinDelayRetries: z._default(z.number(), 0),
  numMaxDelayRetries: z._default(z.number(), 0),
});

/** Seconds, at least: in the phase of backoff each pause is the shortest or longer. */
function patience(policy: unknown): number {
  const it = Retries.parse(inner(policy, 'healthyRetryPolicy') ?? {});
  const soon = it.numRetries - it.numNoDelayRetries - it.numMaxDelayRetries;
  return soon * it.minDelayTarget + it.numMaxDelayRetries * it.maxDelayTarget;
}

/** In a synthesis that has subscribers: what `cdk.json` says has none. */
export const subscribers: Invariant = {
  says: 'a subscriber of a topic has a DLQ with an alarm, and an https endpoint is tried for most of an hour',
  problems: (stacks) =>
    every(stacks, SUBSCRIPTION).flatMap((it) => [
      ...deadLetters(stacks, it, inner(it.Properties['RedrivePolicy'], 'deadLetterTargetArn')),
      ...(it.Properties['Protocol'] === 'email' || patience(it.Properties['DeliveryPolicy']) > 3300
        ? []
        : [`${at(it)} is given up after ${patience(it.Properties['DeliveryPolicy'])} s`]),
    ]),
  plants: {
    'no DLQ': (stacks) => delete first(stacks, SUBSCRIPTION)['RedrivePolicy'],
    "SNS's own patience": (stacks) => delete first(stacks, SUBSCRIPTION, 'DeliveryPolicy')['DeliveryPolicy'],
    'two minutes': (stacks) => {
      first(stacks, SUBSCRIPTION, 'DeliveryPolicy')['DeliveryPolicy'] = {
        healthyRetryPolicy: { numRetries: 6 },
      };
    },
  },
};

export const undelivered: readonly Invariant[] = [functions];
