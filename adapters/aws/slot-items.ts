/**
 * What two stages say to each other of a data job's slots, in the table: two items in the partition of the job, each written by one
 * side, in one transaction with what is told of it.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { parse } from '#core/errors.ts';
import { type JobKey, type Slots, SlotsSeen, SlotsWanted } from '#core/jobs/slots.ts';
import { environmentId } from '#core/names.ts';
import type * as z from '#core/zod.ts';
import { whyCanceled } from './canceled.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import { expecting } from './items.ts';
import { seenOutbox, wantedOutbox } from './job-outbox.ts';

type Side = 'WANTED' | 'SEEN';
const keyOf = (job: JobKey, side: Side) => ({ pk: `JOB#${environmentId(job)}`, sk: `SLOTS#${side}` });

export class SlotItems implements Slots {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  wanted(job: JobKey): Promise<SlotsWanted | undefined> {
    return this.#read(job, 'WANTED', SlotsWanted);
  }

  seen(job: JobKey): Promise<SlotsSeen | undefined> {
    return this.#read(job, 'SEEN', SlotsSeen);
  }

  want(wanted: SlotsWanted): Promise<void> {
    return this.#write(wanted, 'WANTED', wantedOutbox(wanted));
  }

  see(seen: SlotsSeen, tell: boolean): Promise<void> {
    return this.#write(seen, 'SEEN', seenOutbox(seen, tell));
  }

  async #read<S extends z.ZodMiniType>(job: JobKey, side: Side, schema: S) {
    const command = new GetCommand({ TableName: this.#table, Key: keyOf(job, side), ConsistentRead: true });
    const { Item } = await retryable('GetItem', () => this.#client.send(command));
    return Item && parse(schema, Item, `SLOTS#${side} of ${job.name}`);
  }

  async #write(
    said: SlotsWanted | SlotsSeen,
    side: Side,
    outbox: ReturnType<typeof wantedOutbox>,
  ): Promise<void> {
    const { version } = said;
    const key = { team: said.team, name: said.name };
    const put = (Item: Record<string, unknown>) => ({ Put: { TableName: this.#table, Item } });
    const own = { ...put({ ...keyOf(said, side), ...said }).Put, ...expecting(version - 1) };
    const command = new TransactWriteCommand({ TransactItems: [{ Put: own }, ...outbox.map(put)] });
    try {
      await retryable('TransactWriteItems', () => this.#client.send(command));
    } catch (error) {
      const says = `${said.name} is no longer at version ${version - 1}: somebody else wrote first.`;
      throw whyCanceled(error, key, [says]);
    }
  }
}
