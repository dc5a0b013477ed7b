/**
 * `reconcile-growth`: what a minute's reconcile reads with 10 environments to look at among 10,000, beside 10 among 100:
 * in memory, and in a table of an emulated DynamoDB, where what it reads is what the index makes it read.
 */
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { environmentItem } from '#adapters/aws/items.ts';
import { Table } from '#adapters/aws/table.ts';
import { MemoryClock } from '#adapters/memory/clock.ts';
import { MemoryJobs } from '#adapters/memory/jobs.ts';
import { MemoryBus, MemoryLooks, MemorySweeps } from '#adapters/memory/messages.ts';
import { MemoryStore } from '#adapters/memory/store.ts';
import type { Change } from '#core/decision.ts';
import { addSeconds } from '#core/names.ts';
import type { EnvironmentStore, Outbox } from '#core/ports.ts';
import { reconcile } from '#lambdas/reconcile/reconcile.ts';
import type { Access } from '#local/demo/access.ts';
import { keyOf, requested, start } from '../contracts/samples.ts';
import { atMost, type Entry } from './entry.ts';

const due = 10;
const sizes = { few: 100, many: 10_000 };

export async function reconcileGrowth({ sdk }: Access, tableName: string): Promise<Entry[]> {
  const memory = { few: await inMemory(sizes.few), many: await inMemory(sizes.many) };
  const table = {
    few: await inTable(sdk, tableName, sizes.few),
    many: await inTable(sdk, tableName, sizes.many),
  };
  const entry = (where: string, { few, many }: typeof memory): Entry =>
    atMost(1.1, {
      name: `reconcile-growth/${where}`,
      value: many / few,
      unit: '×',
      note: `${due} environments to look at: ${many} items read among ${sizes.many}, ${few} among ${sizes.few}`,
    });
  return [entry('memory', memory), entry('table', table)];
}

/** The first `due` of them wait for a look since an hour, the others for one that is due tomorrow. */
const environments = (count: number): Change[] =>
  Array.from({ length: count }, (_, i) => {
    const when = i < due ? start : addSeconds(start, 86_400);
    return requested({ key: keyOf('bench', `n${i}`) }, when);
  });

/** One run of reconcile, an hour later. @returns the looks that it asked for; each must be one of those that are due. */
async function oneMinute(store: EnvironmentStore & Outbox): Promise<void> {
  const looks = new MemoryLooks();
  const clock = new MemoryClock(addSeconds(start, 3600));
  await reconcile({
    store,
    jobs: new MemoryJobs(),
    standing: new MemoryJobs().standing,
    outbox: store,
    bus: new MemoryBus(),
    looks,
    sweeps: new MemorySweeps(),
    clock,
  })();
  if (looks.sent.length !== due) throw new Error(`${looks.sent.length} looks were asked for, not ${due}`);
}

async function inMemory(count: number): Promise<number> {
  const store = new MemoryStore();
  for (const change of environments(count)) {
    await store.write({ ...change, events: [], looks: [] });
  }
  let read = 0;
  const counting: EnvironmentStore & Outbox = {
    read: (...of) => store.read(...of),
    verdict: (...of) => store.verdict(...of),
    ledger: (...of) => store.ledger(...of),
    keepVerdict: (...of) => store.keepVerdict(...of),
    write: (...of) => store.write(...of),
    audit: (...of) => store.audit(...of),
    settle: (entry) => store.settle(entry),
    setAside: (entry, reason) => store.setAside(entry, reason),
    untold: (...of) => store.untold(...of),
    due: async (...of) => {
      const found = await store.due(...of);
      counted([...found.environments, ...found.unreadable]);
      return found;
    },
    pending: async (...of) => counted(await store.pending(...of)),
  };
  const counted = <T>(items: readonly T[]): readonly T[] => {
    read += items.length;
    return items;
  };
  await oneMinute(counting);
  return read;
}

/** What DynamoDB says that it scanned, over all calls. */
async function inTable(sdk: Access['sdk'], like: string, count: number): Promise<number> {
  const client = new DynamoDBClient(sdk);
  const name = `bench-${count}-${Date.now().toString(36)}`;
  await makeTable(client, name, like);
  try {
    await fill(client, name, environments(count));
    let read = 0;
    client.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        const { output } = answer;
        if (output && 'ScannedCount' in output) read += Number(output['ScannedCount']);
        return answer;
      },
      { step: 'initialize' },
    );
    await oneMinute(new Table(name, client));
    return read;
  } finally {
    await client.send(new DeleteTableCommand({ TableName: name }));
    client.destroy();
  }
}

/** Keys and indexes of the deployed table; without its stream, so that nothing else wakes. */
async function makeTable(client: DynamoDBClient, TableName: string, like: string): Promise<void> {
  const { Table: deployed } = await client.send(new DescribeTableCommand({ TableName: like }));
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: deployed?.KeySchema,
      AttributeDefinitions: deployed?.AttributeDefinitions,
      GlobalSecondaryIndexes: deployed?.GlobalSecondaryIndexes?.map(
        ({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection }),
      ),
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName });
}

async function fill(client: DynamoDBClient, name: string, changes: readonly Change[]): Promise<void> {
  const perCall = 25;
  for (let i = 0; i < changes.length; i += perCall) {
    const puts = changes.slice(i, i + perCall).map(({ environment }) => ({
      PutRequest: { Item: marshall(environmentItem(environment), { removeUndefinedValues: true }) },
    }));
    const answer = await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: puts } }));
    if (Object.keys(answer.UnprocessedItems ?? {}).length > 0)
      throw new Error('the table did not take all items');
  }
}
