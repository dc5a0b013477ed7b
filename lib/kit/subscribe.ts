/** The event rules of a stage, made from core/flow.ts: AWS's events come by the default bus, ours by our own. */
import { Duration } from 'aws-cdk-lib';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { eventSource } from '#core/events.ts';
import { type Filter, type Stage, type Subscription, subscriptionsOf } from '#core/flow.ts';
import type { StageQueue } from './stage-queue.ts';

export interface SubscribeProps {
  readonly stage: Stage;
  readonly bus: EventBus;
  readonly to: StageQueue;
  /** Filters on an event's detail that are known at deploy time only: a cluster, a build project. By source. */
  readonly only?: Readonly<Record<string, Filter>>;
}

export function subscribe({ stage, bus, to, only = {} }: SubscribeProps): void {
  subscriptionsOf(stage).forEach((subscription, i) => {
    const rule = new Rule(to, `Rule${i + 1}`, {
      description: `${subscription.detailTypes.join(', ')} → ${stage}`,
      ...(subscription.source === eventSource && { eventBus: bus }),
      eventPattern: patternOf(subscription, only[subscription.source] ?? {}),
    });
    rule.addTarget(
      new SqsQueue(to.queue, {
        deadLetterQueue: to.deadLetters,
        maxEventAge: Duration.hours(24),
        retryAttempts: 185,
      }),
    );
  });
}

function patternOf(subscription: Subscription, only: Filter) {
  const detail = { ...subscription.detail, ...only };
  return {
    source: [subscription.source],
    detailType: [...subscription.detailTypes],
    ...(Object.keys(detail).length > 0 && { detail }),
  };
}
