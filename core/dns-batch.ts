/** What many environments want of one zone, as one plan; and what of ours nobody wants any more. */
import {
  type DnsRecord,
  desiredRecords,
  isOwnerOfOurs,
  keyOfOwner,
  type Naming,
  namesOf,
  planDns,
} from './dns.ts';
import type { Group } from './dns-calls.ts';
import type { Environment } from './environment.ts';
import { type EnvironmentKey, environmentId } from './names.ts';

/** `target` is undefined for an environment that leaves its name. */
export interface Wish {
  readonly key: EnvironmentKey;
  readonly target: string | undefined;
}

export interface ZonePlan {
  /** Of environments with something to change. */
  readonly groups: readonly Group[];
  /** Why a name is left alone, by environment. */
  readonly foreign: ReadonlyMap<string, string>;
}

/** @param current all records at the names of those environments; others do no harm. */
export function planZone(wishes: readonly Wish[], naming: Naming, current: readonly DnsRecord[]): ZonePlan {
  const at = Map.groupBy(current, ({ name }) => name);
  const groups: Group[] = [];
  const foreign = new Map<string, string>();
  for (const { key, target } of wishes) {
    const id = environmentId(key);
    const there = namesOf(key, naming.zone).flatMap((name) => at.get(name) ?? []);
    const plan = planDns(key, naming, target, there);
    if (plan.outcome === 'foreign') foreign.set(id, plan.reason);
    else if (plan.changes.length > 0) groups.push({ id, changes: plan.changes });
  }
  return { groups, foreign };
}

/** What an environment wants of its name now; undefined where that is nothing. */
export function wishOf({ key, life, release }: Environment): Wish | undefined {
  if (life.state === 'deleting') return { key, target: undefined };
  return release.phase === 'ready' ? { key, target: release.address } : undefined;
}

/**
 * The records that were written for it last, so that most changes need no look at the zone: where they are not there,
 * Route 53 refuses the change. Undefined where nothing would be changed by it: then only a look can tell.
 */
export function supposedRecords(
  { dns }: Pick<Environment, 'dns'>,
  { key, target }: Wish,
  naming: Naming,
): readonly DnsRecord[] | undefined {
  if (dns?.target === target) return undefined;
  return dns === undefined ? [] : desiredRecords(key, naming, dns.target);
}

/** The environments that a page of the zone has owner records of, made by this installation. */
export const ownedIn = (page: readonly DnsRecord[], naming: Naming): EnvironmentKey[] =>
  page.flatMap((record) =>
    isOwnerOfOurs(record, naming) ? (keyOfOwner(record.name, naming.zone) ?? []) : [],
  );

/** Its owner record is ours and nobody wants its name: it was deleted, or there is nothing of it at all. */
export const isOrphan = (environment: Pick<Environment, 'life'> | undefined): boolean =>
  environment === undefined || environment.life.state === 'deleted';

/** Of an environment that has an owner record: it goes with its environment, and stays where it was pointed at last. */
export function sweptWish(key: EnvironmentKey, environment: Environment | undefined): Wish | undefined {
  if (environment === undefined || isOrphan(environment)) return { key, target: undefined };
  const wish = wishOf(environment);
  const isSettled = wish?.target !== undefined && wish.target === environment.dns?.target;
  return isSettled ? wish : undefined;
}

/** Once an hour reconcile has the whole zone looked through. */
export const isSweepDue = (now: string): boolean => new Date(now).getUTCMinutes() === 17;
