/** DNS as a plan: from the records wanted and the records there, the changes to make. A name that is not ours is left alone. */
import { zoneOfLoadBalancer } from './load-balancers.ts';
import { EnvironmentKey, environmentId } from './names.ts';
import * as z from './zod.ts';

export const Dns = z.strictObject({
  /** Environments are called `<name>.<team>.<zone>`. */
  zone: z.string().check(z.regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/)),
  /** The id of a zone that exists; without it the zone is made. */
  hostedZoneId: z.optional(z.string()),
});

interface Named {
  /** Without the dot at the end. */
  readonly name: string;
}
export interface PlainRecord extends Named {
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'TXT';
  readonly ttl: number;
  readonly values: readonly string[];
}
/** Answers with its target's addresses, and costs nothing to ask; it has its target's ttl. */
interface AliasRecord extends Named {
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'TXT';
  readonly alias: {
    /** Where the target's name is: of a load balancer AWS's own zone. */
    readonly zoneId: string;
    readonly target: string;
    readonly evaluateTargetHealth: boolean;
  };
}
export type DnsRecord = PlainRecord | AliasRecord;

/** The state is known, by what was written or read: UPSERT would count twice, and overwrite what nobody saw. */
export interface DnsChange {
  readonly action: 'CREATE' | 'DELETE';
  readonly record: DnsRecord;
}

export type DnsPlan =
  | { readonly outcome: 'changes'; readonly changes: readonly DnsChange[] }
  | { readonly outcome: 'foreign'; readonly reason: string };

/** Where our names are, and which of several installations we are. */
export interface Naming {
  readonly zone: string;
  readonly installation: string;
}

const ttl = 60;
const ownerLabel = 'schwifty-owner';

export const nameOf = (key: EnvironmentKey, zone: string): string => `${key.name}.${key.team}.${zone}`;

/** A CNAME stands alone at its name (RFC 1034, 3.6.2), so the owner is written beside it, as external-dns does. */
export const ownerNameOf = (name: string): string => `${ownerLabel}.${name}`;

/** All records of an environment are at these two names. */
export const namesOf = (key: EnvironmentKey, zone: string): readonly [string, string] => {
  const name = nameOf(key, zone);
  return [name, ownerNameOf(name)];
};

/** At most 60 characters: of 500 environments, one call of Route 53's 32,000 holds all. */
const ownerOf = ({ installation }: Naming): string => `"heritage=getschwifty,installation=${installation}"`;

/** As it was written before installations had an id. */
const olderOwnerOf = (key: EnvironmentKey): string =>
  `"heritage=getschwifty,environment=${environmentId(key)}"`;

/** The environment that a name is the owner record of. */
export function keyOfOwner(ownerName: string, zone: string): EnvironmentKey | undefined {
  if (!ownerName.startsWith(`${ownerLabel}.`) || !ownerName.endsWith(`.${zone}`)) return undefined;
  const labels = ownerName.slice(ownerLabel.length + 1, -zone.length - 1).split('.');
  const [name, team, ...others] = labels;
  const key = EnvironmentKey.safeParse({ team, name });
  return others.length === 0 && key.success ? key.data : undefined;
}

/** It says that this installation, no other, made it. */
export const isOwnerOfOurs = (record: DnsRecord, naming: Naming): boolean =>
  record.type === 'TXT' && 'values' in record && record.values.includes(ownerOf(naming));

const ipv4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

function addressOf(name: string, target: string): DnsRecord {
  const zoneId = zoneOfLoadBalancer(target);
  if (zoneId !== undefined) return { name, type: 'A', alias: { zoneId, target, evaluateTargetHealth: true } };
  return { name, type: ipv4.test(target) ? 'A' : 'CNAME', ttl, values: [target] };
}

export function desiredRecords(key: EnvironmentKey, naming: Naming, target: string): readonly DnsRecord[] {
  const [name, ownerName] = namesOf(key, naming.zone);
  return [{ name: ownerName, type: 'TXT', ttl, values: [ownerOf(naming)] }, addressOf(name, target)];
}

/**
 * `current`: the records at the environment's two names. Only the address and the owner record are ever written:
 * somebody's TXT at the name stays, and stands in the way of a CNAME only.
 * @param target undefined for an environment that leaves its name.
 */
export function planDns(
  key: EnvironmentKey,
  naming: Naming,
  target: string | undefined,
  current: readonly DnsRecord[],
): DnsPlan {
  const desired = target === undefined ? [] : desiredRecords(key, naming, target);
  const foreign = foreignAmong(key, naming, desired, current);
  if (foreign) return { outcome: 'foreign', reason: foreign };
  const ours = current.filter((record) => isOfOurs(record, namesOf(key, naming.zone)));
  const wrong = ours.filter((record) => !desired.some((want) => isSame(want, record)));
  const missing = desired.filter((want) => !current.some((record) => isSame(want, record)));
  return {
    outcome: 'changes',
    changes: [
      ...wrong.map((record) => ({ action: 'DELETE' as const, record })),
      ...missing.map((record) => ({ action: 'CREATE' as const, record })),
    ],
  };
}

/** Of what stands at a name of ours, the kinds that we make: the rest is somebody's, and stays. */
const isOfOurs = ({ name, type }: DnsRecord, [address, owner]: readonly [string, string]): boolean =>
  name === owner ? type === 'TXT' : name === address && (type === 'A' || type === 'CNAME');

function foreignAmong(
  key: EnvironmentKey,
  naming: Naming,
  desired: readonly DnsRecord[],
  current: readonly DnsRecord[],
): string | undefined {
  const [name, ownerName] = namesOf(key, naming.zone);
  const owners = current.filter((record) => record.type === 'TXT' && record.name === ownerName);
  const others = current.filter((record) => !owners.includes(record));
  const said = owners.flatMap((record) => ('values' in record ? record.values : []));
  const isOurs = said.length === 1 && [ownerOf(naming), olderOwnerOf(key)].includes(said[0] ?? '');
  const isLonely = desired.some(({ type }) => type === 'CNAME');
  const isBeside = (record: DnsRecord) => record.name === name && !isOfOurs(record, [name, ownerName]);
  const inTheWay = isOurs ? others.find((record) => isLonely && isBeside(record)) : (others[0] ?? current[0]);
  if (inTheWay === undefined) return undefined;
  const owner = said[0] ?? 'no owner record of ours';
  if (desired.length === 0) return `${name} stays: its records are not ours (${owner})`;
  return `${inTheWay.type} ${inTheWay.name} exists and is not ours (${owner}): delete it by hand, or take another name.`;
}

export function isSame(a: DnsRecord, b: DnsRecord): boolean {
  if (a.name !== b.name || a.type !== b.type) return false;
  if ('alias' in a) return 'alias' in b && isSameAlias(a.alias, b.alias);
  return 'values' in b && a.ttl === b.ttl && sorted(a.values) === sorted(b.values);
}

const isSameAlias = (a: AliasRecord['alias'], b: AliasRecord['alias']): boolean =>
  a.zoneId === b.zoneId &&
  a.target.toLowerCase() === b.target.toLowerCase() &&
  a.evaluateTargetHealth === b.evaluateTargetHealth;

const sorted = (values: readonly string[]): string => [...values].sort().join('\n');
