/** Data jobs in the table: one item each, written with its line of the trail and its looks in one transaction. */
import { type DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Audit } from '#core/decision.ts';
import { Conflict, parse, problemsOf, Retryable } from '#core/errors.ts';
import { Job } from '#core/jobs/job.ts';
import type { JobChange } from '#core/jobs/job-change.ts';
import type { JobEnclosed, JobStore } from '#core/jobs/job-ports.ts';
import type { JobKey } from '#core/jobs/slots.ts';
import { environmentId, type Instant, type TeamName } from '#core/names.ts';
import type { Unreadable } from '#core/ports.ts';
import { emptyLedger, Ledger } from '#core/quota.ts';
import * as z from '#core/zod.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import * as items from './items.ts';
import { jobOutbox } from './job-outbox.ts';
import { standingWrites, turnedMeanwhile } from './standing-items.ts';

/** Partitions of the indexes that environments are in too. */
const dueShard = 'due-jobs';
const listedIn = (team: string): string => `jobs/${team}`;
const partition = (key: JobKey): string => `JOB#${environmentId(key)}`;
const nameIn = (pk: string): string => pk.slice(pk.indexOf('/') + 1);

export class JobItems implements JobStore {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  async read(key: JobKey): Promise<Job | undefined> {
    const item = await this.#get(partition(key), items.state);
    return item === undefined ? undefined : parse(Job, item, `job ${environmentId(key)}`);
  }

  async ledger(team: TeamName): Promise<Ledger> {
    const { pk, sk } = items.ledgerKey(team);
    const item = await this.#get(pk, sk);
    return item === undefined ? emptyLedger(team) : Ledger.parse(item);
  }

  async write(change: JobChange, { request, ledger, standing }: JobEnclosed = {}): Promise<void> {
    const { job, audit } = change;
    const put = (Item: Record<string, unknown>, version?: number) => ({
      Put: { TableName: this.#table, Item, ...(version !== undefined && items.expecting(version)) },
    });
    /** What each expects, and what is said where that is not so. */
    const conditional = [
      { item: put(jobItem(job), job.version - 1), says: writtenFirst(job) },
      ...(ledger
        ? [{ item: put(items.ledgerItem(ledger), ledger.version - 1), says: heldOtherwise(job) }]
        : []),
    ];
    const ofStanding = standing ? standingWrites(this.#table, standing) : [];
    const TransactItems = [
      ...conditional.map(({ item }) => item),
      ...ofStanding,
      ...(request ? [{ Update: { TableName: this.#table, ...items.requestDone(request) } }] : []),
      ...(audit ? [put(trailItem(job, audit))] : []),
      ...jobOutbox(change).map((item) => put(item)),
    ];
    try {
      const command = new TransactWriteCommand({ TransactItems });
      await retryable('TransactWriteItems', () => this.#client.send(command));
    } catch (error) {
      const says = conditional.map((one) => one.says);
      throw whyNot(error, job, standing ? [...says, turnedMeanwhile(standing)] : says);
    }
  }

  async list(team: TeamName, before: string | undefined, limit: number) {
    const prefix = `JOB#${team}/`;
    const { Items = [] } = await this.#query({
      IndexName: 'team',
      KeyConditionExpression: 'listedIn = :team AND pk < :before',
      // `~` is behind whatever a name has.
      ExpressionAttributeValues: { ':team': listedIn(team), ':before': `${prefix}${before ?? '~'}` },
      ProjectionExpression: 'pk',
      ScanIndexForward: false,
      Limit: limit + 1,
    });
    const names = z
      .array(z.object({ pk: z.string() }))
      .parse(Items)
      .map(({ pk }) => nameIn(pk));
    const keys = names.slice(0, limit).map((name) => ({ pk: `${prefix}${name}`, name }));
    const found = await Promise.all(keys.map(({ pk }) => this.#get(pk, items.state)));
    const jobs = found.flatMap((item) => (item === undefined ? [] : [parse(Job, item, `a job of ${team}`)]));
    return { jobs, more: names.length > limit };
  }

  async due(now: Instant, limit: number) {
    const { Items = [] } = await this.#query({
      IndexName: 'due',
      KeyConditionExpression: 'dueShard = :shard AND lookAt <= :until',
      ExpressionAttributeValues: { ':shard': dueShard, ':until': now },
      Limit: limit,
    });
    const jobs: Job[] = [];
    const unreadable: Unreadable[] = [];
    for (const item of Items) {
      const parsed = Job.safeParse(item);
      if (parsed.success) jobs.push(parsed.data);
      else unreadable.push({ item: String(item['pk']), reason: problemsOf(parsed.error) });
    }
    return { jobs, unreadable };
  }

  async audit(key: JobKey, limit: number): Promise<readonly Audit[]> {
    const { Items = [] } = await this.#query({
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': items.partition('AUDIT', key) },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: limit,
    });
    return Items.map(items.auditLine).reverse();
  }

  async #get(pk: string, sk: string): Promise<unknown> {
    const command = new GetCommand({ TableName: this.#table, Key: { pk, sk }, ConsistentRead: true });
    return (await retryable('GetItem', () => this.#client.send(command))).Item;
  }

  #query(query: Omit<QueryCommandInput, 'TableName'>) {
    const command = new QueryCommand({ TableName: this.#table, ...query });
    return retryable('Query', () => this.#client.send(command));
  }
}

/** One that nobody looks at any more is in the list alone. */
const jobItem = (job: Job) => ({
  pk: partition(job),
  sk: items.state,
  ...job,
  listedIn: listedIn(job.team),
  ...(job.lookAt !== undefined && { dueShard }),
});

const trailItem = (job: Job, audit: Audit) => ({
  pk: items.partition('AUDIT', job),
  sk: items.padded(job.version),
  ...audit,
});

const writtenFirst = ({ name, version }: Job): string =>
  `Job ${name} is no longer at version ${version - 1}: somebody else wrote first.`;
const heldOtherwise = ({ team }: Job): string => `What team ${team} holds changed meanwhile.`;

/** @param says of the first items of the transaction, why their condition does not hold. */
function whyNot(error: unknown, job: Job, says: readonly string[]): unknown {
  if (!(error instanceof TransactionCanceledException)) return error;
  const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
  const conflict = says.find((_, i) => codes[i] === 'ConditionalCheckFailed');
  if (conflict !== undefined) return new Conflict(conflict);
  return new Retryable(`The change of job ${job.name} was not written: ${codes.join(', ')}`);
}
