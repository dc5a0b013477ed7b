/** Environments, verdicts, approvals, audit and outbox in DynamoDB: one table, one transaction a change. */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Failure } from '#core/dead-letter.ts';
import type { Audit, Change } from '#core/decision.ts';
import type { Digest, EnvironmentKey, EnvironmentName, Instant, TeamName } from '#core/names.ts';
import type {
  Chronicle,
  Directory,
  Enclosed,
  EnvironmentStore,
  Failures,
  Outbox,
  OutboxRef,
} from '#core/ports.ts';
import { emptyLedger, Ledger } from '#core/quota.ts';
import { byVersion } from '#core/trace.ts';
import { Verdict } from '#core/verdict.ts';
import {
  heldOtherwise,
  keptOtherwise,
  movedOtherwise,
  newerVerdict,
  whyCanceled,
  writtenFirst,
} from './canceled.ts';
import { documents } from './documents.ts';
import { retryable } from './errors.ts';
import * as items from './items.ts';

/** All that there are: events of an environment are some hundreds, and those of older weeks are gone. */
const maxItems = 1_000_000;

export class Table implements EnvironmentStore, Directory, Outbox, Chronicle, Failures {
  readonly #name: string;
  readonly #client: DynamoDBDocumentClient;

  constructor(name: string, client?: DynamoDBClient) {
    this.#name = name;
    this.#client = documents(client);
  }

  async read(key: EnvironmentKey) {
    const item = await this.#get(items.partition('ENV', key), items.state);
    return item === undefined ? undefined : items.parseEnvironmentItem(item);
  }

  async verdict(key: EnvironmentKey, digest: Digest) {
    const item = await this.#get(items.partition('VERDICT', key), digest);
    return item === undefined ? undefined : Verdict.parse(item);
  }

  async ledger(team: TeamName): Promise<Ledger> {
    const { pk, sk } = items.ledgerKey(team);
    const item = await this.#get(pk, sk);
    return item === undefined ? emptyLedger(team) : Ledger.parse(item);
  }

  async keepVerdict(key: EnvironmentKey, verdict: Verdict): Promise<void> {
    const command = new PutCommand({
      TableName: this.#name,
      Item: items.verdictItem(key, verdict),
      ...unlessNewer(verdict),
    });
    try {
      await retryable('PutItem', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async write(change: Change, enclosed: Enclosed = {}): Promise<void> {
    const { verdict, approval, request, ledger, snapshot, transfer, also } = enclosed;
    const { key } = change.environment;
    const put = (Item: Record<string, unknown>, condition: object = {}) => ({
      Put: { TableName: this.#name, Item, ...condition },
    });
    const at = ({ environment }: Change) =>
      put(items.environmentItem(environment), items.expecting(environment.version - 1));
    const expecting = (Item: Record<string, unknown>, { version }: { version: number }) =>
      put(Item, items.expecting(version - 1));
    /** What each expects, and what is said where that is not so. */
    const conditional = [
      { item: at(change), says: writtenFirst(change) },
      ...(also ? [{ item: at(also), says: writtenFirst(also) }] : []),
      ...(verdict
        ? [{ item: put(items.verdictItem(key, verdict), unlessNewer(verdict)), says: newerVerdict(key) }]
        : []),
      ...(ledger ? [{ item: expecting(items.ledgerItem(ledger), ledger), says: heldOtherwise(ledger) }] : []),
      ...(snapshot
        ? [{ item: expecting(items.snapshotItem(snapshot), snapshot), says: keptOtherwise(snapshot) }]
        : []),
      ...(transfer
        ? [{ item: expecting(items.transferItem(transfer), transfer), says: movedOtherwise(transfer) }]
        : []),
    ];
    const others = [
      ...items.trailItems(change, verdict),
      ...(also ? items.trailItems(also) : []),
      ...(approval ? [items.approvalItem(key, approval)] : []),
    ];
    const done = request ? [{ Update: { TableName: this.#name, ...items.requestDone(request) } }] : [];
    const TransactItems = [
      ...conditional.map(({ item }) => item),
      ...done,
      ...others.map((item) => put(item)),
    ];
    try {
      const command = new TransactWriteCommand({ TransactItems });
      await retryable('TransactWriteItems', () => this.#client.send(command));
    } catch (error) {
      throw whyCanceled(
        error,
        key,
        conditional.map(({ says }) => says),
      );
    }
  }

  async audit(key: EnvironmentKey, limit: number): Promise<readonly Audit[]> {
    const newestFirst = await this.#query(limit, {
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': items.partition('AUDIT', key) },
      ScanIndexForward: false,
      ConsistentRead: true,
    });
    return newestFirst.map(items.auditLine).reverse();
  }

  async list(team: TeamName, after: EnvironmentName | undefined, limit: number) {
    const found = await this.#query(limit + 1, {
      IndexName: 'team',
      KeyConditionExpression: 'listedIn = :team AND pk > :after',
      ExpressionAttributeValues: { ':team': team, ':after': items.listedAfter(team, after) },
    });
    return { listed: found.slice(0, limit).map(items.parseListed), more: found.length > limit };
  }

  async due(now: Instant, limit: number) {
    const found = await this.#index(
      'due',
      'dueShard = :shard AND lookAt <= :until',
      items.dueShard,
      now,
      limit,
    );
    return items.dueOf(found);
  }

  async pending(olderThan: Instant, limit: number) {
    const condition = 'pending = :shard AND writtenAt <= :until';
    const found = await this.#index('outbox', condition, items.pendingShard, olderThan, limit);
    return found.map(items.outboxEntry);
  }

  async settle({ environment, id }: OutboxRef, now: Instant): Promise<void> {
    const command = new UpdateCommand({
      TableName: this.#name,
      Key: { pk: items.partition('OUTBOX', environment), sk: id },
      UpdateExpression: 'SET sentAt = :now, #ttl = :ttl REMOVE pending, unreadable',
      // An entry that its TTL removed is not made again.
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ExpressionAttributeValues: { ':now': now, ':ttl': items.outboxTtl(now) },
    });
    try {
      await retryable('UpdateItem', () => this.#client.send(command));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async setAside({ environment, id }: OutboxRef, reason: string, now: Instant): Promise<void> {
    const command = new UpdateCommand({
      TableName: this.#name,
      Key: { pk: items.partition('OUTBOX', environment), sk: id },
      // Else a key that names no item would make one.
      ConditionExpression: 'attribute_exists(pk)',
      UpdateExpression: 'SET unreadable = :reason, setAsideAt = :now REMOVE pending',
      ExpressionAttributeValues: { ':reason': reason, ':now': now },
    });
    await retryable('UpdateItem', () => this.#client.send(command));
  }

  async untold({ environment, id }: OutboxRef) {
    const item = await this.#get(items.partition('OUTBOX', environment), id);
    return item === undefined || items.isTold(item) ? undefined : items.outboxEntry(item);
  }

  async steps(key: EnvironmentKey, after: number, limit: number) {
    const lines = await this.#query(limit + 1, {
      KeyConditionExpression: 'pk = :pk AND sk > :after',
      ExpressionAttributeValues: { ':pk': items.partition('AUDIT', key), ':after': items.padded(after) },
      ConsistentRead: true,
    });
    const changes = lines.slice(0, limit).map(items.changeStep);
    const next = lines.length > limit ? changes.at(-1)?.version : undefined;
    const told = await this.#told(items.partition('OUTBOX', key), after, next);
    const events = told.flatMap((item) => items.eventStep(item) ?? []);
    const steps = [...changes, ...events].sort(byVersion);
    return next === undefined ? { steps } : { steps, next };
  }

  /** Events of versions after `after`, up to `last` with it. `~` is above whatever follows a version. */
  #told(pk: string, after: number, last = 9_999_999_999): Promise<unknown[]> {
    return this.#query(maxItems, {
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      // Looks are many and no part of the story.
      FilterExpression: '#message.kind = :event',
      ExpressionAttributeNames: { '#message': 'message' },
      ExpressionAttributeValues: {
        ':pk': pk,
        ':from': `${items.padded(after)}~`,
        ':to': `${items.padded(last)}~`,
        ':event': 'event',
      },
      ConsistentRead: true,
    });
  }

  async keepFailure(messageId: string, failure: Failure): Promise<void> {
    const Item = items.failureItem(messageId, failure);
    const command = new PutCommand({ TableName: this.#name, Item });
    await retryable('PutItem', () => this.#client.send(command));
  }

  async failure(messageId: string): Promise<Failure | undefined> {
    const item = await this.#get(items.failurePartition(messageId), items.lastFailure);
    return item === undefined ? undefined : items.parseFailure(item);
  }

  async #get(pk: string, sk: string): Promise<unknown> {
    const command = new GetCommand({ TableName: this.#name, Key: { pk, sk }, ConsistentRead: true });
    return (await retryable('GetItem', () => this.#client.send(command))).Item;
  }

  #index(index: string, condition: string, shard: string, until: Instant, limit: number): Promise<unknown[]> {
    return this.#query(limit, {
      IndexName: index,
      KeyConditionExpression: condition,
      ExpressionAttributeValues: { ':shard': shard, ':until': until },
    });
  }

  /** Page by page: one answer of DynamoDB ends at 1 MB, however many items were asked for. */
  async #query(limit: number, query: Omit<QueryCommandInput, 'TableName' | 'Limit'>): Promise<unknown[]> {
    const found: unknown[] = [];
    let from: Pick<QueryCommandInput, 'ExclusiveStartKey'> = {};
    for (;;) {
      const command = new QueryCommand({
        TableName: this.#name,
        ...query,
        Limit: limit - found.length,
        ...from,
      });
      const { Items = [], LastEvaluatedKey } = await retryable('Query', () => this.#client.send(command));
      found.push(...Items);
      if (LastEvaluatedKey === undefined || found.length >= limit) return found;
      from = { ExclusiveStartKey: LastEvaluatedKey };
    }
  }
}

/** A verdict of an older instant does not replace a newer one. */
const unlessNewer = ({ decidedAt }: Verdict) => ({
  ConditionExpression: 'attribute_not_exists(pk) OR decidedAt <= :decidedAt',
  ExpressionAttributeValues: { ':decidedAt': decidedAt },
});
