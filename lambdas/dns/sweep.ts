/**
 * One page of the zone: the names of ours that no environment has any more are taken away, and those that somebody changed
 * are put right. The next page is a message of its own, so that a zone of any size is looked through by a function that
 * lasts seconds.
 */
import type { Sweep } from '#core/aws-events.ts';
import { type Naming, namesOf } from '#core/dns.ts';
import { ownedIn, planZone, sweptWish, type Wish, type ZonePlan } from '#core/dns-batch.ts';
import type { ZonePosition } from '#core/dns-order.ts';
import { Conflict } from '#core/errors.ts';
import { count } from '#core/measures.ts';
import { environmentId } from '#core/names.ts';
import type { DnsZone, EnvironmentStore, Sweeps } from '#core/ports.ts';
import { log } from '../runtime/log.ts';
import { measure } from '../runtime/metrics.ts';
import { change, type Failures, read } from './changes.ts';

export interface SweepDeps {
  readonly store: Pick<EnvironmentStore, 'read'>;
  readonly zone: DnsZone;
  readonly sweeps: Sweeps;
}

interface PagePlan {
  readonly wishes: readonly Wish[];
  readonly plan: ZonePlan;
  /** By name. */
  readonly unread: Failures;
  readonly next: ZonePosition | undefined;
}

/** What is to be done on a page; nothing is. */
export async function planPage(
  { store, zone }: Pick<SweepDeps, 'store' | 'zone'>,
  naming: Naming,
  from: ZonePosition | undefined,
): Promise<PagePlan> {
  const page = await zone.page(from);
  const owned = ownedIn(page.records, naming);
  const environments = await Promise.all(owned.map((key) => store.read(key)));
  const wishes = owned.flatMap((key, i) => sweptWish(key, environments[i]) ?? []);
  // An address may be on the page before its owner.
  const names = wishes.flatMap(({ key }) => namesOf(key, naming.zone));
  const { records, unread } = await read(zone, names);
  const seen = wishes.filter(({ key }) => !namesOf(key, naming.zone).some((name) => unread.has(name)));
  return { wishes: seen, plan: planZone(seen, naming, records), unread, next: page.next };
}

export async function sweep(deps: SweepDeps, naming: Naming, { from }: Sweep): Promise<void> {
  const { wishes, plan, unread, next } = await planPage(deps, naming, from);
  const failures = await change(deps.zone, plan.groups);
  // Somebody was faster, or asked for the name anew: the next sweep sees.
  const error = [...unread.values(), ...failures.values()].find((it) => !(it instanceof Conflict));
  if (error !== undefined) throw error;
  if (next) await deps.sweeps.send({ kind: 'sweep', from: next });
  const orphans = wishes.filter(({ target }) => target === undefined).map(({ key }) => environmentId(key));
  measure([count('Orphans', orphans.length)]);
  log.info('swept a page of the zone', {
    names: wishes.length,
    changed: plan.groups.map(({ id }) => id),
    orphans,
    more: next?.name,
  });
}
