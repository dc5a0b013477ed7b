/** DNS as a plan: from the records wanted and the records there, the changes to make. A name that is not ours is left alone. */
import { type EnvironmentKey, environmentId } from './names.ts';
import * as z from './zod.ts';

export const Dns = z.strictObject({
  /** Environments are called `<name>.<team>.<zone>`. */
  zone: z.string().check(z.regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/)),
  /** The id of a zone that exists; without it the zone is made. */
  hostedZoneId: z.optional(z.string()),
});

export interface DnsRecord {
  /** Without the dot at the end. */
  readonly name: string;
  readonly type: 'A' | 'CNAME' | 'TXT';
  readonly ttl: number;
  readonly values: readonly string[];
}

export interface DnsChange {
  readonly action: 'UPSERT' | 'DELETE';
  readonly record: DnsRecord;
}

export type DnsPlan =
  | { readonly outcome: 'changes'; readonly changes: readonly DnsChange[] }
  | { readonly outcome: 'foreign'; readonly reason: string };

const ttl = 60;

export const nameOf = (key: EnvironmentKey, zone: string): string => `${key.name}.${key.team}.${zone}`;

/** A CNAME stands alone at its name (RFC 1034, 3.6.2), so the owner is written beside it, as external-dns does. */
export const ownerNameOf = (name: string): string => `schwifty-owner.${name}`;

const ownerOf = (key: EnvironmentKey): string => `"heritage=getschwifty,environment=${environmentId(key)}"`;

const ipv4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

export function desiredRecords(key: EnvironmentKey, zone: string, target: string): DnsRecord[] {
  const name = nameOf(key, zone);
  return [
    { name: ownerNameOf(name), type: 'TXT', ttl, values: [ownerOf(key)] },
    { name, type: ipv4.test(target) ? 'A' : 'CNAME', ttl, values: [target] },
  ];
}

/**
 * `current`: the records at the environment's two names. Only the address and the owner record are ever written:
 * somebody's TXT at the name stays, and stands in the way of a CNAME only.
 */
export function planDns(
  key: EnvironmentKey,
  desired: readonly DnsRecord[],
  current: readonly DnsRecord[],
): DnsPlan {
  const isOwner = (record: DnsRecord) => desired.some((want) => want.type === 'TXT' && sameKey(want, record));
  const owners = current.filter(isOwner).flatMap((record) => record.values);
  const others = current.filter((record) => !isOwner(record));
  const isAlias = desired.some((want) => want.type === 'CNAME');
  const foreign = owners.includes(ownerOf(key))
    ? others.find((record) => isAlias && record.type === 'TXT')
    : (others[0] ?? current[0]);
  if (foreign) {
    const owner = owners[0] ?? 'no owner record of ours';
    return {
      outcome: 'foreign',
      reason: `${foreign.type} ${foreign.name} exists and is not ours (${owner}): delete it by hand, or take another name.`,
    };
  }
  const wrong = others.filter(
    (record) => record.type !== 'TXT' && !desired.some((want) => sameKey(want, record)),
  );
  const missing = desired.filter(
    (want) => !current.some((record) => sameKey(want, record) && sameValues(want, record)),
  );
  return {
    outcome: 'changes',
    changes: [
      ...wrong.map((record) => ({ action: 'DELETE' as const, record })),
      ...missing.map((record) => ({ action: 'UPSERT' as const, record })),
    ],
  };
}

/** An environment that is deleted leaves its name: the address goes with the owner record that is ours, or both stay. */
export function planRemoval(key: EnvironmentKey, zone: string, current: readonly DnsRecord[]): DnsPlan {
  const name = nameOf(key, zone);
  const owner = current.find((record) => record.type === 'TXT' && record.name === ownerNameOf(name));
  if (!owner?.values.includes(ownerOf(key))) {
    return current.length === 0
      ? { outcome: 'changes', changes: [] }
      : { outcome: 'foreign', reason: `${name} stays: its records are not ours` };
  }
  const ours = current.filter(
    (record) => record === owner || (record.name === name && record.type !== 'TXT'),
  );
  return { outcome: 'changes', changes: ours.map((record) => ({ action: 'DELETE' as const, record })) };
}

const sameKey = (a: DnsRecord, b: DnsRecord): boolean => a.name === b.name && a.type === b.type;
const sameValues = (a: DnsRecord, b: DnsRecord): boolean =>
  a.ttl === b.ttl && [...a.values].sort().join('\n') === [...b.values].sort().join('\n');
