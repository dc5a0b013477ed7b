/**
 * Chunks of data jobs, in the table: one partition a job, an item for each chunk that was ever taken, and the job's sums. Those
 * stand in several items, for a thousand workers write to them, and DynamoDB refuses of two transactions on one item the later.
 */
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { Conflict, parse, Retryable } from '#core/errors.ts';
import { ChunkState } from '#core/jobs/chunk.ts';
import { placeOf } from '#core/jobs/plan.ts';
import type { ChunkStore } from '#core/jobs/ports.ts';
import { added, emptyTally, plus, sumOf, Tally } from '#core/jobs/tally.ts';
import { addedRun, placeOfRun, type WorkerRun } from '#core/jobs/worker-runs.ts';
import * as z from '#core/zod.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import { itemsOf } from './partition.ts';

const partition = (job: string): string => `CHUNK#${job}`;
const stateOf = (item: unknown, job: string): ChunkState => parse(ChunkState, item, `a chunk of job ${job}`);

/** Sort keys: chunks begin with a digit, sums do not. */
const chunks = { from: '0', to: ':' } as const;
const sums = 'TALLY#';
/** Beside the sums of an item, one for each place: [slot, time in milliseconds, bytes, records, milliseconds], for each byte of it is paid. */
const runField = (place: number): string => `r${place}`;
const isRunField = (name: string): boolean => /^r\d+$/.test(name);
const SumItem = z.record(z.string(), z.unknown());
const StoredRun = z.pipe(
  z.tuple([z.int(), z.int(), z.int(), z.int(), z.int()]),
  z.transform(([slot, at, bytes, records, milliseconds]) => ({
    ...{ slot, at: new Date(at).toISOString(), bytes, records, milliseconds },
  })),
);

export class ChunkItems implements ChunkStore {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  /** Consistent: a chunk that was just committed must not be taken again. */
  async read(job: string, id: string): Promise<ChunkState | undefined> {
    const Key = { pk: partition(job), sk: placeOf(id) };
    const command = new GetCommand({ TableName: this.#table, Key, ConsistentRead: true });
    const { Item } = await retryable('GetItem', () => this.#client.send(command));
    return Item && stateOf(Item, job);
  }

  /** A heartbeat adds nothing: it is written alone. */
  async write(after: ChunkState, before: ChunkState | undefined): Promise<void> {
    const adds = Object.entries(added(before, after)).filter(([, count]) => count !== 0);
    const Put = this.#put(after);
    try {
      if (adds.length === 0) await retryable('PutItem', () => this.#client.send(new PutCommand(Put)));
      else await this.#transact({ Put }, { Update: this.#add(after, adds, addedRun(before, after)) });
    } catch (error) {
      if (!isRefused(error)) throw error;
      const { job, chunk, version } = after;
      throw new Conflict(`Chunk ${chunk.id} of job ${job} is not at version ${version - 1} any more.`);
    }
  }

  async *list(job: string, after?: string): AsyncIterable<ChunkState> {
    // BETWEEN takes its ends with it: a space is before whatever may follow.
    const range = after === undefined ? chunks : { ...chunks, from: `${placeOf(after)} ` };
    const found = itemsOf(this.#client, this.#table, partition(job), range);
    for await (const item of found) yield stateOf(item, job);
  }

  async tally(job: string): Promise<Tally> {
    const range = { from: sums, to: `${sums}~` };
    let all = emptyTally;
    for await (const item of itemsOf(this.#client, this.#table, partition(job), range))
      all = plus(all, parse(Tally, Object.assign({}, emptyTally, item), `sums of job ${job}`));
    return all;
  }

  async runs(job: string): Promise<readonly WorkerRun[]> {
    const range = { from: sums, to: `${sums}~` };
    const runs: WorkerRun[] = [];
    for await (const item of itemsOf(this.#client, this.#table, partition(job), range))
      for (const [name, value] of Object.entries(parse(SumItem, item, `sums of job ${job}`)))
        if (isRunField(name)) runs.push(parse(StoredRun, value, `a run of job ${job}`));
    return runs;
  }

  #put(state: ChunkState) {
    const { job, chunk, version } = state;
    return {
      TableName: this.#table,
      Item: { pk: partition(job), sk: placeOf(chunk.id), ...state },
      ...(version === 1
        ? { ConditionExpression: 'attribute_not_exists(pk)' }
        : {
            ConditionExpression: '#version = :expected',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':expected': version - 1 },
          }),
    };
  }

  #add({ job, chunk }: ChunkState, adds: readonly (readonly [string, number])[], run: WorkerRun | undefined) {
    const stored = run && [run.slot, Date.parse(run.at), run.bytes, run.records, run.milliseconds];
    return {
      TableName: this.#table,
      Key: { pk: partition(job), sk: `${sums}${sumOf(chunk.id)}` },
      UpdateExpression: `ADD ${adds.map((_, i) => `#f${i} :v${i}`).join(', ')}${run ? ' SET #run = :run' : ''}`,
      ExpressionAttributeNames: {
        ...Object.fromEntries(adds.map(([field], i) => [`#f${i}`, field])),
        ...(run && { '#run': runField(placeOfRun(run)) }),
      },
      ExpressionAttributeValues: {
        ...Object.fromEntries(adds.map(([, count], i) => [`:v${i}`, count])),
        ...(stored && { ':run': stored }),
      },
    };
  }

  /** One whose answer was lost was made: the chunk is then at its next version, and the same is refused. So it adds once. */
  async #transact(...TransactItems: NonNullable<TransactWriteCommand['input']['TransactItems']>) {
    const command = new TransactWriteCommand({ TransactItems });
    try {
      await retryable('TransactWriteItems', () => this.#client.send(command));
    } catch (error) {
      if (isRefused(error) || !(error instanceof TransactionCanceledException)) throw error;
      const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
      throw new Retryable(`A chunk was not written: ${codes.join(', ')}`, { cause: error });
    }
  }
}

/** Whether somebody else wrote the chunk: it stands first in a transaction, and nothing else has a condition. */
const isRefused = (error: unknown): boolean =>
  error instanceof ConditionalCheckFailedException ||
  (error instanceof TransactionCanceledException &&
    error.CancellationReasons?.[0]?.Code === 'ConditionalCheckFailed');
