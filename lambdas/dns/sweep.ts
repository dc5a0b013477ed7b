/**
 * One page of the zone: the names of ours that no environment has any more are taken away. The next page is a message of
 * its own, so that a zone of any size is looked through by a function that lasts seconds.
 */
import type { Sweep } from '#core/aws-events.ts';
import { type Naming, namesOf } from '#core/dns.ts';
import { isOrphan, ownedIn, planZone } from '#core/dns-batch.ts';
import { Conflict } from '#core/errors.ts';
import { count } from '#core/measures.ts';
import { environmentId } from '#core/names.ts';
import type { DnsZone, EnvironmentStore, Sweeps } from '#core/ports.ts';
import { log } from '../runtime/log.ts';
import { measure } from '../runtime/metrics.ts';
import { change, read } from './changes.ts';

export interface SweepDeps {
  readonly store: Pick<EnvironmentStore, 'read'>;
  readonly zone: DnsZone;
  readonly sweeps: Sweeps;
}

export async function sweep(
  { store, zone, sweeps }: SweepDeps,
  naming: Naming,
  { from }: Sweep,
): Promise<void> {
  const page = await zone.page(from);
  const owned = ownedIn(page.records, naming);
  const environments = await Promise.all(owned.map((key) => store.read(key)));
  const orphans = owned.filter((_, i) => isOrphan(environments[i]));
  if (orphans.length > 0) {
    const names = orphans.flatMap((key) => namesOf(key, naming.zone));
    // The address may be on the page before.
    const { records, unread } = await read(zone, names);
    const seen = orphans.filter((key) => !namesOf(key, naming.zone).some((name) => unread.has(name)));
    const wishes = seen.map((key) => ({ key, target: undefined }));
    const { groups } = planZone(wishes, naming, records);
    const failures = await change(zone, groups);
    // Somebody was faster, or asked for the name anew: the next sweep sees.
    const error = [...unread.values(), ...failures.values()].find((it) => !(it instanceof Conflict));
    if (error !== undefined) throw error;
  }
  if (page.next) await sweeps.send({ kind: 'sweep', from: page.next });
  measure([count('Orphans', orphans.length)]);
  const names = { records: page.records.length, owned: owned.length };
  log.info('swept a page of the zone', {
    ...names,
    orphans: orphans.map(environmentId),
    more: page.next?.name,
  });
}
