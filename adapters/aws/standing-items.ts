/** Standing jobs in the table: one partition a team, and one item each, written with its line of the trail and its look. */
import { type DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Audit } from '#core/decision.ts';
import { Conflict, parse, problemsOf, Retryable } from '#core/errors.ts';
import type { StandingKey } from '#core/jobs/standing/cause.ts';
import { earlyLook, type StandingChange, type StandingJobs } from '#core/jobs/standing/ports.ts';
import { isLive, type LiveStanding, Standing } from '#core/jobs/standing/standing.ts';
import { environmentId, type Instant, type TeamName } from '#core/names.ts';
import type { Unreadable } from '#core/ports.ts';
import type { RequestRef } from '#core/request-ports.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import * as items from './items.ts';
import { itemsOf } from './partition.ts';

const dueShard = 'due-standing';
const partition = (team: TeamName): string => `STANDING#${team}`;
/** No environment's, and no job's: those have no `/` in their name. */
const trail = ({ team, name }: StandingKey): string => `AUDIT#${team}/standing/${name}`;

export class StandingItems implements StandingJobs {
  readonly #table: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(table: string, client?: DynamoDBClient) {
    this.#table = table;
    this.#client = documents(client);
  }

  async read(key: StandingKey): Promise<Standing | undefined> {
    const Key = { pk: partition(key.team), sk: key.name };
    const command = new GetCommand({ TableName: this.#table, Key, ConsistentRead: true });
    const { Item } = await retryable('GetItem', () => this.#client.send(command));
    return Item && parse(Standing, Item, `standing job ${environmentId(key)}`);
  }

  async write(
    change: StandingChange,
    { request }: { readonly request?: RequestRef | undefined } = {},
  ): Promise<void> {
    const TransactItems = [
      ...standingWrites(this.#table, change),
      ...(request ? [{ Update: { TableName: this.#table, ...items.requestDone(request) } }] : []),
    ];
    try {
      const command = new TransactWriteCommand({ TransactItems });
      await retryable('TransactWriteItems', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
      if (codes[0] === 'ConditionalCheckFailed') throw new Conflict(turnedMeanwhile(change));
      const id = environmentId(change.standing);
      throw new Retryable(`The change of standing job ${id} was not written: ${codes.join(', ')}`);
    }
  }

  async all(team: TeamName): Promise<readonly LiveStanding[]> {
    const found: LiveStanding[] = [];
    for await (const item of itemsOf(this.#client, this.#table, partition(team))) {
      const standing = parse(Standing, item, `a standing job of ${team}`);
      if (isLive(standing)) found.push(standing);
    }
    return found;
  }

  async due(now: Instant, limit: number) {
    const command = new QueryCommand({
      TableName: this.#table,
      IndexName: 'due',
      KeyConditionExpression: 'dueShard = :shard AND lookAt <= :until',
      ExpressionAttributeValues: { ':shard': dueShard, ':until': now },
      Limit: limit,
    });
    const { Items = [] } = await retryable('Query', () => this.#client.send(command));
    const standing: LiveStanding[] = [];
    const unreadable: Unreadable[] = [];
    for (const item of Items) {
      const parsed = Standing.safeParse(item);
      if (!parsed.success)
        unreadable.push({ item: `${item['pk']}/${item['sk']}`, reason: problemsOf(parsed.error) });
      else if (isLive(parsed.data)) standing.push(parsed.data);
    }
    return { standing, unreadable };
  }

  async audit(key: StandingKey, limit: number): Promise<readonly Audit[]> {
    const command = new QueryCommand({
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': trail(key) },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: limit,
    });
    const { Items = [] } = await retryable('Query', () => this.#client.send(command));
    return Items.map(items.auditLine).reverse();
  }
}

/** Of a transaction; the first one is that which may find another version. */
export function standingWrites(TableName: string, change: StandingChange) {
  const { standing, audit } = change;
  const { team, name, version } = standing;
  const put = (Item: Record<string, unknown>, condition: object = {}) => ({
    Put: { TableName, Item, ...condition },
  });
  const isDue = standing.state !== 'deleted' && standing.lookAt !== undefined;
  const item = { pk: partition(team), sk: name, ...standing, ...(isDue && { dueShard }) };
  return [
    put(item, items.expecting(version - 1)),
    ...(audit ? [put({ pk: trail(standing), sk: items.padded(version), ...audit })] : []),
    ...standingOutbox(change).map((entry) => put(entry)),
  ];
}

export const turnedMeanwhile = ({ standing }: StandingChange): string =>
  `Standing job ${environmentId(standing)} is no longer at version ${standing.version - 1}: somebody else wrote first.`;

/** Sort keys of their own, which no version of an environment has: one may be called as a standing job is. */
export function standingOutbox(change: StandingChange) {
  const { team, name, version } = change.standing;
  const delaySeconds = earlyLook(change);
  if (delaySeconds === undefined) return [];
  // It is of no cluster: a stage that is in none is asked.
  const message = { kind: 'look', stage: 'job-starts', cluster: '', delaySeconds } as const;
  return [items.outboxItem({ team, name }, `STANDING#${items.padded(version)}`, message, change.at)];
}
