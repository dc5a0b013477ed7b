/**
 * Many environments' changes as few calls of Route 53. A group is the changes of one environment: they are made together or
 * not at all, so that a name never stands without its owner. Maximums: Route 53 Developer Guide, "Quotas", "Maximums on
 * API requests" (DNSLimitations.html#limits-api-requests).
 */

import type { DnsChange, DnsRecord } from './dns.ts';
import { type Rate, take } from './rate.ts';

export interface Group {
  readonly id: string;
  readonly changes: readonly DnsChange[];
}

/** What one ChangeResourceRecordSets takes. */
export const perCall = { records: 1_000, characters: 32_000 };
/**
 * What we put in one. A refused call costs its changes too: of the 1,500 that the bucket holds, a full call that is refused
 * leaves too few to find out by halves what was wrong in it.
 */
const filledTo = { records: 500, characters: perCall.characters };

/** Those of Value elements, which an alias has none of. */
const charactersOf = (record: DnsRecord): number =>
  'alias' in record ? 0 : record.values.reduce((sum, value) => sum + value.length, 0);
/** An alias counts as one. */
const recordsOf = (record: DnsRecord): number => ('alias' in record ? 1 : record.values.length);

export interface Size {
  readonly records: number;
  readonly characters: number;
}

export const sizeOf = (changes: readonly DnsChange[]): Size =>
  changes.reduce(
    (size, { record }) => ({
      records: size.records + recordsOf(record),
      characters: size.characters + charactersOf(record),
    }),
    { records: 0, characters: 0 },
  );

/** In order. */
export function callsOf(groups: readonly Group[]): Group[][] {
  const calls: Group[][] = [];
  let filled: Size = { records: 0, characters: 0 };
  for (const group of groups) {
    const own = sizeOf(group.changes);
    const sum = { records: filled.records + own.records, characters: filled.characters + own.characters };
    const call = calls.at(-1);
    if (call && sum.records <= filledTo.records && sum.characters <= filledTo.characters) {
      call.push(group);
      filled = sum;
    } else {
      calls.push([group]);
      filled = own;
    }
  }
  return calls;
}

/**
 * The groups that a refusal names, by the names of their records. Route 53: `Tried to create resource record set
 * [name='web.checkout.example.', type='A'] but it already exists`, `RRSet of type CNAME with DNS name web.checkout.example.
 * is not permitted …`.
 */
export function blamed(groups: readonly Group[], message: string): Group[] {
  const words = new Set(message.split(/[\s'"[\],;]+/).map((word) => word.replace(/\.$/, '').toLowerCase()));
  return groups.filter(({ changes }) => changes.some(({ record }) => words.has(record.name.toLowerCase())));
}

/**
 * What to ask next where Route 53 refused a call: the groups that it named are out, the others are one call again; where it
 * named none, or all, each half is asked by itself. @returns nothing more to ask for a group that is alone.
 */
export function afterRefusal(
  groups: readonly Group[],
  message: string,
): { readonly refused: readonly Group[]; readonly again: readonly (readonly Group[])[] } {
  if (groups.length <= 1) return { refused: groups, again: [] };
  const named = blamed(groups, message);
  if (named.length > 0) {
    const others = groups.filter((group) => !named.includes(group));
    return { refused: named, again: others.length > 0 ? [others] : [] };
  }
  const half = Math.ceil(groups.length / 2);
  return { refused: [], again: [groups.slice(0, half), groups.slice(half)] };
}

/**
 * Route 53 Developer Guide, "Throttling for Amazon Route 53 API requests" (throttling-api-requests.html), of an account:
 * requests, and changes in them, each from a bucket of its own.
 */
const requests: Rate = { perSecond: 10, burst: 50 };
const changesRate: Rate = { perSecond: 100, burst: 1_500 };

/** When each bucket would be full again, in milliseconds since 1970; undefined where nothing was taken. */
export interface Buckets {
  readonly requests?: number;
  readonly changes?: number;
}
export type Asked =
  | { readonly taken: true; readonly buckets: Buckets }
  | { readonly taken: false; readonly waitMs: number };

/**
 * One request with that many changes; none of it is taken where either bucket lacks it. A CREATE and a DELETE count once
 * each; an UPSERT would count twice, and we make none.
 */
export function takeRequest(buckets: Buckets, changes: number, now: number): Asked {
  const request = take(buckets.requests, requests, now);
  if (!request.taken) return request;
  if (changes === 0) return { taken: true, buckets: { ...buckets, requests: request.fullAt } };
  const change = take(buckets.changes, changesRate, now, changes);
  if (!change.taken) return change;
  return { taken: true, buckets: { requests: request.fullAt, changes: change.fullAt } };
}
