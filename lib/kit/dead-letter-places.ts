/** All DLQs as the API's function is told of them, and what it may do with them. */
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { type NamedPlace, placesText, type Unmoved } from '#core/dead-letter-places.ts';
import type { BundledFunction } from './bundled-function.ts';
import type { StageQueue } from './stage-queue.ts';

export interface Place {
  readonly name: string;
  readonly deadLetters: IQueue;
  /** Where its messages go back to, or why to nowhere. */
  readonly to: { readonly queue: IQueue } | { readonly unmoved: Unmoved };
}

export const placeOf = (name: string, { deadLetters, queue }: StageQueue): Place => ({
  name,
  deadLetters,
  to: { queue },
});

const named = ({ name, deadLetters, to }: Place): NamedPlace => ({
  name,
  deadLetters: deadLetters.queueName,
  to: 'queue' in to ? { queue: to.queue.queueName } : to,
});

/** As core/dead-letter-places.ts reads it. */
export const placesVariable = (places: readonly Place[]): string => placesText(places.map(named));

/** These queues and no others: what is in a DLQ is seen and removed, to a stage's queue it is only sent. */
export function mayRedrive(operator: BundledFunction, places: readonly Place[]): void {
  operator.allow(
    ['sqs:GetQueueAttributes', 'sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'],
    places.map(({ deadLetters }) => deadLetters.queueArn),
  );
  operator.allow(
    ['sqs:SendMessage'],
    places.flatMap(({ to }) => ('queue' in to ? [to.queue.queueArn] : [])),
  );
}
