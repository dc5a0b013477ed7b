/**
 * Brings the names of many environments to where they are to be. What was written last is supposed to be there still, so
 * that new and moved names cost no look; where Route 53 says that it is not, the zone is read, and planned on what it holds.
 */
import { type Naming, namesOf } from '#core/dns.ts';
import { planZone, supposedRecords, type Wish } from '#core/dns-batch.ts';
import type { Environment } from '#core/environment.ts';
import { Conflict } from '#core/errors.ts';
import { environmentId } from '#core/names.ts';
import type { DnsZone } from '#core/ports.ts';
import { change, read } from './changes.ts';

export interface Job {
  readonly environment: Environment;
  readonly wish: Wish;
}
/** What became of a name: why it is left alone, or why it could not be seen to. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'left'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: unknown };

type Outcomes = Map<Job, Outcome>;

/** @returns what became of each; those that it does not hold are done. */
export async function point(
  zone: DnsZone,
  naming: Naming,
  jobs: readonly Job[],
): Promise<ReadonlyMap<Job, Outcome>> {
  const outcomes: Outcomes = new Map();
  const supposed = jobs.map(({ environment, wish }) => supposedRecords(environment, wish, naming));
  const sure = jobs.filter((_, i) => supposed[i] !== undefined);
  await apply(
    zone,
    naming,
    sure,
    supposed.flatMap((records) => records ?? []),
    outcomes,
  );
  const refuted = sure.filter((job) => {
    const outcome = outcomes.get(job);
    return outcome?.kind === 'failed' && outcome.error instanceof Conflict;
  });
  const toRead = [...jobs.filter((_, i) => supposed[i] === undefined), ...refuted];
  const names = toRead.flatMap(({ wish }) => namesOf(wish.key, naming.zone));
  const { records, unread } = await read(zone, names);
  const seen = toRead.filter((job) => {
    outcomes.delete(job);
    const error = namesOf(job.wish.key, naming.zone)
      .map((name) => unread.get(name))
      .find(Boolean);
    if (error !== undefined) outcomes.set(job, { kind: 'failed', error });
    return error === undefined;
  });
  await apply(zone, naming, seen, records, outcomes);
  return outcomes;
}

async function apply(
  zone: DnsZone,
  naming: Naming,
  jobs: readonly Job[],
  current: Parameters<typeof planZone>[2],
  outcomes: Outcomes,
): Promise<void> {
  const wishes = jobs.map(({ wish }) => wish);
  const { groups, foreign } = planZone(wishes, naming, current);
  const failures = await change(zone, groups);
  for (const job of jobs) {
    const id = environmentId(job.wish.key);
    const reason = foreign.get(id);
    if (reason !== undefined) outcomes.set(job, { kind: 'left', reason });
    if (failures.has(id)) outcomes.set(job, { kind: 'failed', error: failures.get(id) });
  }
}
