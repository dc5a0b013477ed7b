/**
 * The table's items. The kind of an item is in its partition key, so that `dynamodb:LeadingKeys` in a role's policy
 * decides who writes it: only the gate verdicts, only the approval stage approvals.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Failure } from '#core/dead-letter.ts';
import type { Audit, Change } from '#core/decision.ts';
import { Environment, Listed } from '#core/environment.ts';
import { problemsOf } from '#core/errors.ts';
import { DomainEvent } from '#core/events.ts';
import type { KeptSnapshot } from '#core/kept-snapshot.ts';
import {
  type EnvironmentKey,
  EnvironmentKey as EnvironmentKeySchema,
  type EnvironmentName,
  environmentId,
  type Instant,
  type TeamName,
} from '#core/names.ts';
import type { Due, Enclosed, OutboxEntry, OutboxMessage, Unreadable } from '#core/ports.ts';
import { holds, type Ledger } from '#core/quota.ts';
import { lookStages, nextLookAt } from '#core/reconcile.ts';
import type { RequestRef } from '#core/request-ports.ts';
import { origin } from '#core/story.ts';
import { Judgement, type Step } from '#core/trace.ts';
import type { Transfer } from '#core/transfer/item.ts';
import { isOpen } from '#core/transfer/open.ts';
import type { Verdict } from '#core/verdict.ts';
import * as z from '#core/zod.ts';

export type Kind = 'ENV' | 'VERDICT' | 'APPROVAL' | 'AUDIT' | 'OUTBOX' | 'NOTICE';

export const partition = (kind: Kind, key: EnvironmentKey): string => `${kind}#${environmentId(key)}`;

/** Why a message failed, by its id: `partition` is for what belongs to an environment. */
export const failurePartition = (messageId: string): string => `FAILURE#${messageId}`;

/** The single sort key of an environment's own item. */
export const state = 'STATE';
/** The partition of the sparse index `due`: environments that wait for something. */
export const dueShard = 'due';
/** The partition of the sparse index `outbox`: entries that were not sent yet. */
export const pendingShard = 'pending';

/** Versions as sort keys: as text they must sort as numbers do. */
export const padded = (version: number): string => String(version).padStart(10, '0');

/** Version 0 is before the first: nothing may be stored yet. */
export function expecting(version: number) {
  return version === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#version = :expected',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':expected': version },
      };
}

/** `lookAt` is the earliest look that is planned: what the index `due` is sorted by, and nobody else reads. */
export function environmentItem(environment: Environment) {
  const lookAt = nextLookAt(environment);
  const due = lookAt === undefined ? {} : { dueShard, lookAt };
  // Nobody lists what is gone.
  const listed =
    environment.life.state === 'deleted' ? {} : { listedIn: environment.key.team, asks: holds(environment) };
  return { pk: partition('ENV', environment.key), sk: state, ...environment, ...listed, ...due };
}

/** Where a page of the index `team` begins: behind this name, or before all. */
export const listedAfter = (team: TeamName, name: EnvironmentName | undefined): string =>
  name === undefined ? `ENV#${team}/` : partition('ENV', { team, name });

export const parseListed = (item: unknown): Listed => Listed.parse(item);

export const auditItem = (change: Change, audit: Audit, verdict?: Verdict) => ({
  pk: partition('AUDIT', change.environment.key),
  sk: padded(change.environment.version),
  ...audit,
  ...(verdict && { verdict: Judgement.parse(verdict) }),
});

const AuditItem = z.object({
  sk: z.string(),
  at: z.string(),
  actor: z.string(),
  what: z.string(),
  verdict: z.optional(Judgement),
  ...origin,
});

/** A line of `GET /environments/{team}/{name}`. */
export const auditLine = (item: unknown): Audit => {
  const { at, actor, what, story, cause } = AuditItem.parse(item);
  return { at, actor, what, ...(story && { story }), ...(cause && { cause }) };
};

export function changeStep(item: unknown): Step {
  const { sk, ...line } = AuditItem.parse(item);
  return { kind: 'change', version: Number(sk), ...line };
}

/** What is written beside an environment's own item. */
export const trailItems = (change: Change, verdict?: Verdict) => [
  ...(change.audit ? [auditItem(change, change.audit, verdict)] : []),
  ...outboxItems(change),
];

export const snapshotPartition = (team: TeamName): string => `SNAPSHOT#${team}`;
/** What is gone is remembered for three months. */
export const snapshotItem = (snapshot: KeptSnapshot) => ({
  pk: snapshotPartition(snapshot.team),
  sk: snapshot.name,
  ...snapshot,
  ...(snapshot.state === 'gone' && { ttl: noticeTtl(snapshot.since) }),
});

/** One for each environment. While it is open, it is in the list of the team that it goes to. */
export const transferKey = (from: EnvironmentKey) => ({ pk: `TRANSFER#${environmentId(from)}`, sk: state });
export const transfersListedIn = (team: TeamName): string => `transfers/${team}`;
export const transferItem = (transfer: Transfer) => ({
  ...transferKey(transfer.from),
  ...transfer,
  ...(isOpen(transfer) && {
    listedIn: transfersListedIn(transfer.to),
  }),
});

export const verdictItem = (key: EnvironmentKey, verdict: Verdict) => ({
  pk: partition('VERDICT', key),
  sk: verdict.digest,
  ...verdict,
});

export const approvalItem = (key: EnvironmentKey, approval: NonNullable<Enclosed['approval']>) => ({
  pk: partition('APPROVAL', key),
  sk: `${approval.digest}#${approval.at}`,
  ...approval,
});

export function outboxItems(change: Change) {
  const { environment, events, looks, at } = change;
  const messages: OutboxMessage[] = [
    ...events.map((event) => ({ kind: 'event' as const, event })),
    ...looks.map((look) => ({ kind: 'look' as const, cluster: environment.cluster, ...look })),
  ];
  return messages.map((message, position) =>
    outboxItem(environment.key, `${padded(environment.version)}-${position}`, message, at),
  );
}

/** @param id its sort key: of an environment's own, its version and its place among them. */
export const outboxItem = (key: EnvironmentKey, id: string, message: OutboxMessage, at: Instant) => ({
  pk: partition('OUTBOX', key),
  sk: id,
  environment: key,
  message,
  pending: pendingShard,
  writtenAt: at,
});

const OutboxItem = z.object({
  sk: z.string(),
  environment: EnvironmentKeySchema,
  writtenAt: z.optional(z.string()),
  sentAt: z.optional(z.string()),
  message: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('event'), event: DomainEvent }),
    z.object({
      kind: z.literal('look'),
      stage: z.enum(lookStages),
      cluster: z.string(),
      delaySeconds: z.int(),
      story: origin.story,
    }),
  ]),
});

/** What was written by hand may be of no environment of ours: its key is kept as it is, so that it can be set aside. */
const RawKey = z.pipe(
  z.pipe(
    z.string(),
    z.transform((pk) => {
      const [, team, name] = /^OUTBOX#([^/]*)\/?(.*)$/.exec(pk) ?? [];
      return { team, name };
    }),
  ),
  z.object({ team: z.string().brand<'TeamName'>(), name: z.string().brand<'EnvironmentName'>() }),
);
const OutboxKeys = z.object({ pk: RawKey, sk: z.string() });

/** An entry that this version can't read is one, too: it says so, and does not stop the others. */
export function outboxEntry(item: unknown): OutboxEntry {
  const parsed = OutboxItem.safeParse(item);
  if (parsed.success) {
    const { sk, environment, message } = parsed.data;
    return { environment, id: sk, message };
  }
  const { pk, sk } = OutboxKeys.parse(item);
  const reason = problemsOf(parsed.error);
  return { environment: pk, id: sk, message: { kind: 'unreadable', reason } };
}

/** Told: nothing is left to do for it, though it is kept for a while. */
export const isTold = (item: unknown): boolean => OutboxItem.safeParse(item).data?.sentAt !== undefined;

/** Looks are no part of the story, nor is what can't be read. */
export function eventStep(item: unknown): Step | undefined {
  const parsed = OutboxItem.safeParse(item).data;
  if (parsed?.message.kind !== 'event') return undefined;
  const { event } = parsed.message;
  const [version, position] = parsed.sk.split('-').map(Number);
  return {
    kind: 'event',
    version: version ?? 0,
    position: position ?? 0,
    at: parsed.writtenAt ?? event.at,
    ...(parsed.sentAt === undefined ? {} : { sentAt: parsed.sentAt }),
    event,
    ...(event.story === undefined ? {} : { story: event.story }),
  };
}

/** One for each team. */
export const ledgerKey = (team: TeamName) => ({ pk: `LEDGER#${team}`, sk: state });
export const ledgerItem = (ledger: Ledger) => ({ ...ledgerKey(ledger.team), ...ledger });

/** The last `#` ends the person: a key has none. */
export const requestKey = ({ person, key }: RequestRef) => ({ pk: `REQUEST#${person}#${key}`, sk: state });

/** Of a transaction: the change that a request asked for is made with it. */
export const requestDone = (ref: RequestRef) => ({
  Key: requestKey(ref),
  UpdateExpression: 'SET #state = :done',
  ExpressionAttributeNames: { '#state': 'state' },
  ExpressionAttributeValues: { ':done': 'done' },
});

/** The single sort key of a message's failures: the last one counts. */
export const lastFailure = 'LAST';
const FailureItem = z.object({ stage: z.string(), attempt: z.int(), reason: z.string(), at: z.string() });
export const parseFailure = (item: unknown): Failure => FailureItem.parse(item);

/** As long as SQS keeps the message: two weeks in the DLQ after four days in the queue. */
export const failureItem = (messageId: string, failure: Failure) => ({
  pk: failurePartition(messageId),
  sk: lastFailure,
  ...failure,
  ttl: Math.floor(Date.parse(failure.at) / 1000) + 18 * 24 * 3600,
});

/** From a stream record's NewImage, whose types for events and for the SDK name one shape twice. */
export function outboxEntryOfImage(image: unknown): OutboxEntry {
  return outboxEntry(unmarshall(z.record(z.string(), z.custom<AttributeValue>()).parse(image)));
}

/** What was told is kept for a week, for people who ask what happened. */
export const outboxTtl = (now: Instant): number => Math.floor(Date.parse(now) / 1000) + 7 * 24 * 3600;

/** A notice that was told is remembered for three months: no event of it comes later than that. */
export const noticeTtl = (now: Instant): number => Math.floor(Date.parse(now) / 1000) + 90 * 24 * 3600;

export const parseEnvironmentItem = (item: unknown): Environment => Environment.parse(item);

/** One item that can't be read does not hide the others. */
export function dueOf(found: readonly unknown[]): Due {
  const environments: Environment[] = [];
  const unreadable: Unreadable[] = [];
  for (const item of found) {
    const parsed = Environment.safeParse(item);
    if (parsed.success) environments.push(parsed.data);
    else unreadable.push({ item: nameOf(item), reason: problemsOf(parsed.error) });
  }
  return { environments, unreadable };
}

const nameOf = (item: unknown): string => {
  const named = z.object({ pk: z.string() }).safeParse(item);
  return named.success ? named.data.pk : 'an item without a key';
};
