/**
 * The table's items. The kind of an item is in its partition key, so that `dynamodb:LeadingKeys` in a role's policy
 * decides who writes it: only the gate verdicts, only the approval stage approvals.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import type { Audit, Change } from '#core/decision.ts';
import { Environment } from '#core/environment.ts';
import { problemsOf } from '#core/errors.ts';
import { DomainEvent } from '#core/events.ts';
import {
  type EnvironmentKey,
  EnvironmentKey as EnvironmentKeySchema,
  environmentId,
  type Instant,
} from '#core/names.ts';
import type { Due, Enclosed, OutboxEntry, OutboxMessage, Unreadable } from '#core/ports.ts';
import { nextLookAt } from '#core/reconcile.ts';
import type { Verdict } from '#core/verdict.ts';

export type Kind = 'ENV' | 'VERDICT' | 'APPROVAL' | 'AUDIT' | 'OUTBOX' | 'NOTICE';

export const partition = (kind: Kind, key: EnvironmentKey): string => `${kind}#${environmentId(key)}`;

/** The single sort key of an environment's own item. */
export const state = 'STATE';
/** The partition of the sparse index `due`: environments that wait for something. */
export const dueShard = 'due';
/** The partition of the sparse index `outbox`: entries that were not sent yet. */
export const pendingShard = 'pending';

/** Versions as sort keys: as text they must sort as numbers do. */
const padded = (version: number): string => String(version).padStart(10, '0');

/** `lookAt` is the earliest look that is planned: what the index `due` is sorted by, and nobody else reads. */
export function environmentItem(environment: Environment) {
  const lookAt = nextLookAt(environment);
  const due = lookAt === undefined ? {} : { dueShard, lookAt };
  return { pk: partition('ENV', environment.key), sk: state, ...environment, ...due };
}

export const auditItem = (change: Change, audit: Audit) => ({
  pk: partition('AUDIT', change.environment.key),
  sk: padded(change.environment.version),
  ...audit,
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
  return messages.map((message, position) => ({
    pk: partition('OUTBOX', environment.key),
    sk: `${padded(environment.version)}-${position}`,
    environment: environment.key,
    message,
    pending: pendingShard,
    writtenAt: at,
  }));
}

const OutboxItem = z.object({
  sk: z.string(),
  environment: EnvironmentKeySchema,
  message: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('event'), event: DomainEvent }),
    z.object({
      kind: z.literal('look'),
      stage: z.enum(['build', 'gate', 'promote', 'deploy', 'dns', 'pager']),
      cluster: z.string(),
      delaySeconds: z.int(),
    }),
  ]),
});

export function outboxEntry(item: unknown): OutboxEntry {
  const { sk, environment, message } = OutboxItem.parse(item);
  return { environment, id: sk, message };
}

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
