/** All DLQs as the API's function is told of them, and what it may do with them. */
import { Stack } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Remedy } from '#core/dead-letter.ts';
import type { BundledFunction } from './bundled-function.ts';
import type { StageQueue } from './stage-queue.ts';

export interface Place {
  readonly name: string;
  readonly deadLetters: IQueue;
  /** Where its messages go back to. */
  readonly queue?: IQueue;
  readonly remedy: Remedy;
  readonly note?: string;
}

export const placeOf = (name: string, { deadLetters, queue }: StageQueue): Place => ({
  name,
  deadLetters,
  queue,
  remedy: 'move',
});

/** JSON, as core/dead-letter.ts reads it. */
export const placesText = (scope: Construct, places: readonly Place[]): string =>
  Stack.of(scope).toJsonString(
    places.map(({ name, deadLetters, queue, remedy, note }) => ({
      name,
      url: deadLetters.queueUrl,
      remedy,
      ...(queue && { queueUrl: queue.queueUrl }),
      ...(note && { note }),
    })),
  );

/** These queues and no others: what is in a DLQ is seen and removed, to a stage's queue it is only sent. */
export function mayRedrive(operator: BundledFunction, places: readonly Place[]): void {
  operator.allow(
    ['sqs:GetQueueAttributes', 'sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage'],
    places.map(({ deadLetters }) => deadLetters.queueArn),
  );
  operator.allow(
    ['sqs:SendMessage'],
    places.flatMap(({ queue }) => (queue ? [queue.queueArn] : [])),
  );
}
