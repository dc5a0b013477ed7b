/** Reconcile reads what is due and nothing else, however much is stored: counted at the table's own API. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, inject, test } from 'vitest';
import { JobItems } from '#adapters/aws/job-items.ts';
import { StandingItems } from '#adapters/aws/standing-items.ts';
import { Table } from '#adapters/aws/table.ts';
import { MemoryClock } from '#adapters/memory/clock.ts';
import { MemoryBus, MemoryLooks, MemorySweeps } from '#adapters/memory/messages.ts';
import { addSeconds } from '#core/names.ts';
import * as z from '#core/zod.ts';
import { reconcile } from '#lambdas/reconcile/reconcile.ts';
import { AwsWorlds } from '../contracts/aws-worlds.ts';
import { keyOf, requested, start } from '../contracts/samples.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const sdk = { endpoint: inject('moto'), region: 'us-east-1', credentials };
const Answer = z.object({ Items: z.array(z.unknown()), ScannedCount: z.int() });

/** The calls of one run of reconcile, with how many items each read. */
async function reads(quiet: number, due: number) {
  const client = new DynamoDBClient(sdk);
  const tableName = await new AwsWorlds(sdk).table();
  const table = new Table(tableName, client);
  const write = async (name: string, at: string) =>
    table.write({ ...requested({ key: keyOf('contract', name) }, at), events: [] });
  for (let i = 0; i < quiet; i++) await write(`quiet${i}`, addSeconds(start, 3600));
  for (let i = 0; i < due; i++) await write(`due${i}`, start);
  const calls: { name: string; items: number }[] = [];
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const answer = Answer.safeParse(result.output);
      calls.push({ name: context.commandName ?? '', items: answer.success ? answer.data.ScannedCount : 1 });
      return result;
    },
    { step: 'initialize', name: 'count' },
  );
  const looks = new MemoryLooks();
  const clock = new MemoryClock(addSeconds(start, 120));
  await reconcile({
    store: table,
    jobs: new JobItems(tableName, client),
    standing: new StandingItems(tableName, client),
    outbox: table,
    bus: new MemoryBus(),
    looks,
    sweeps: new MemorySweeps(),
    clock,
  })();
  expect(looks.sent.map(({ look }) => look.environment.name).sort()).toEqual(
    Array.from({ length: due }, (_, i) => `due${i}`).sort(),
  );
  return calls.sort((a, b) => b.items - a.items);
}

test('five that are due of five or of thirty: the same four queries, the same five items', async () => {
  const few = await reads(0, 5);
  const many = await reads(25, 5);
  expect(few).toEqual([
    { name: 'QueryCommand', items: 5 },
    { name: 'QueryCommand', items: 0 },
    { name: 'QueryCommand', items: 0 },
    { name: 'QueryCommand', items: 0 },
  ]);
  expect(many).toEqual(few);
});

test('nothing is due: four queries that find nothing', async () => {
  expect(await reads(20, 0)).toEqual([
    { name: 'QueryCommand', items: 0 },
    { name: 'QueryCommand', items: 0 },
    { name: 'QueryCommand', items: 0 },
    { name: 'QueryCommand', items: 0 },
  ]);
});
