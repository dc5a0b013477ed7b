/** Entry of the outbox's function: drains the table's stream in the order of the writes, and all of it when asked to. */
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { reportUnreadable } from '#adapters/aws/dead-letters.ts';
import { outboxEntryOfImage } from '#adapters/aws/items.ts';
import { EventBridgeBus } from '#adapters/aws/messages.ts';
import { Table } from '#adapters/aws/table.ts';
import { type DrainAnswer, DrainRequest } from '#core/drain.ts';
import { count } from '#core/measures.ts';
import { environmentId } from '#core/names.ts';
import { readEnv, systemClock } from '../runtime/environment.ts';
import { log, withFields } from '../runtime/log.ts';
import { measure } from '../runtime/metrics.ts';
import { lookQueues } from '../runtime/queues.ts';
import { drain } from './drain.ts';
import { Env } from './env.ts';
import { send } from './send.ts';

const env = readEnv(Env);
const deps = {
  outbox: new Table(env.TABLE_NAME),
  bus: new EventBridgeBus(env.BUS_NAME),
  looks: lookQueues(env),
  clock: systemClock,
  report: reportUnreadable(env.OUTBOX_DLQ_URL),
};

export const handler = (event: DynamoDBStreamEvent | DrainRequest) =>
  withFields({ stage: 'outbox' }, async (): Promise<DynamoDBBatchResponse | DrainAnswer> => {
    if ('Records' in event) return drainStream(event);
    const answer = await drain(deps, DrainRequest.parse(event));
    log.info('drained', { sent: answer.sent, unsent: answer.unsent });
    return answer;
  });

/** Lambda goes on from the first failure that is named; what was sent before it is settled and not sent again. */
async function drainStream(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  const numbered = event.Records.map((record) => ({
    entry: outboxEntryOfImage(record.dynamodb?.NewImage),
    number: record.dynamodb?.SequenceNumber,
  }));
  const unsent = await send(
    deps,
    numbered.map(({ entry }) => entry),
  );
  for (const { entry, reason } of unsent)
    log.error('not sent', reason, { environment: environmentId(entry.environment), id: entry.id });
  measure([count('Sent', numbered.length - unsent.length), count('Unsent', unsent.length)]);
  const failed = new Set(unsent.map(({ entry }) => entry));
  return {
    batchItemFailures: numbered.flatMap(({ entry, number }) =>
      failed.has(entry) && number !== undefined ? [{ itemIdentifier: number }] : [],
    ),
  };
}
