/** Entry of the outbox's function: drains the table's stream in the order of the writes. */
import type { DynamoDBBatchResponse, DynamoDBStreamHandler } from 'aws-lambda';
import { outboxEntryOfImage } from '#adapters/aws/items.ts';
import { EventBridgeBus } from '#adapters/aws/messages.ts';
import { Table } from '#adapters/aws/table.ts';
import { readEnv, systemClock } from '../runtime/environment.ts';
import { log } from '../runtime/log.ts';
import { lookQueues } from '../runtime/queues.ts';
import { Env } from './env.ts';
import { send } from './send.ts';

const env = readEnv(Env);
const deps = {
  outbox: new Table(env.TABLE_NAME),
  bus: new EventBridgeBus(env.BUS_NAME),
  looks: lookQueues(env),
  clock: systemClock,
};

/** Lambda goes on from the first failure that is named; what was sent before it is settled and not sent again. */
export const handler: DynamoDBStreamHandler = async (event): Promise<DynamoDBBatchResponse> => {
  const numbered = event.Records.map((record) => ({
    entry: outboxEntryOfImage(record.dynamodb?.NewImage),
    number: record.dynamodb?.SequenceNumber,
  }));
  const unsent = await send(
    deps,
    numbered.map(({ entry }) => entry),
  );
  for (const { entry, reason } of unsent)
    log.error('not sent', reason, { environment: entry.environment, id: entry.id });
  const failed = new Set(unsent.map(({ entry }) => entry));
  return {
    batchItemFailures: numbered.flatMap(({ entry, number }) =>
      failed.has(entry) && number !== undefined ? [{ itemIdentifier: number }] : [],
    ),
  };
};
