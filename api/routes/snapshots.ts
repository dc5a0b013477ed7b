/** Snapshots that are left of a team's volumes: which there are, what they cost, and that one is not wanted any more. */
import { causedBy } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { type KeptSnapshot, unwanted } from '#core/kept-snapshot.ts';
import { next } from '#core/machine.ts';
import type { TeamName } from '#core/names.ts';
import { SnapshotName } from '#core/snapshot-name.ts';
import { mustChange } from '../environment.ts';
import { writeHeld } from '../holding.ts';
import { pageOf, pageQuery } from '../paging.ts';
import { ProblemError, refused } from '../problem.ts';
import { type ApiDeps, noBody, none, route } from '../route.ts';
import { TeamPath } from '../schemas.ts';
import { SnapshotPath } from '../snapshot-schemas.ts';

const hoursAMonth = 730;
const common = { headers: none, query: none, body: noBody } as const;

const list = route({
  ...common,
  query: pageQuery(SnapshotName),
  method: 'GET',
  path: '/teams/{team}/snapshots',
  name: 'listSnapshots',
  summary: 'What is left of the volumes of deleted environments, and what it costs to keep it',
  who: 'read',
  params: TeamPath,
  answers: { 200: 'SnapshotsAnswer' },
  answer: async ({ params: { team }, query }, deps) => {
    const { page, ...more } = pageOf(await deps.snapshots.list(team), ({ name }) => name, query);
    return { status: 200, body: { snapshots: page.map((each) => described(deps, each)), ...more } };
  },
});

const remove = route({
  ...common,
  method: 'DELETE',
  path: '/teams/{team}/snapshots/{name}',
  name: 'deleteSnapshot',
  summary: 'Deletes one, for ever: volumes that were made from it stay as they are',
  who: 'change',
  params: SnapshotPath,
  answers: { 202: 'SnapshotAnswer' },
  problems: [409],
  answer: async ({ params: { team, name }, person, requestId }, deps) => {
    const first = await decided(deps, team, name, person.name);
    if (first.snapshot !== first.known)
      await writeHeld(deps, async () => {
        const { snapshot, of, now } = await decided(deps, team, name, person.name);
        const change = mustChange(next(of, { kind: 'snapshot-unwanted', snapshot: name, person }, now));
        return { change: causedBy(change, requestId), enclosed: { snapshot } };
      });
    return { status: 202, body: described(deps, first.snapshot) };
  },
});

export const snapshotRoutes = [list, remove];

async function decided(deps: ApiDeps, team: TeamName, name: string, person: string) {
  const known = await deps.snapshots.read(team, name);
  if (!known || known.state === 'gone')
    throw new ProblemError(404, 'No such snapshot', `Team ${team} keeps no snapshot ${name}.`);
  const of = await deps.store.read(known.of);
  if (!of) throw new Error(`${name} is of an environment that never was`);
  const users = await Promise.all(known.users.map(({ environment }) => deps.store.read(environment)));
  const now = deps.clock.now();
  const there = users.filter((user): user is Environment => user !== undefined);
  const snapshot = unwanted({ known, users: there, of, person, now });
  if ('outcome' in snapshot) throw refused(snapshot);
  return { known, snapshot, of, now };
}

function described({ config: { prices } }: Pick<ApiDeps, 'config'>, snapshot: KeptSnapshot) {
  const { name, state, of, cluster, class: volumeClass, sizeGiB, takenAt, driver, handle } = snapshot;
  return {
    name,
    // What is gone is not described: whoever deletes it is told that it is to go.
    state: state === 'kept' ? state : ('unwanted' as const),
    of,
    cluster,
    class: volumeClass,
    sizeGiB,
    takenAt,
    driver,
    handle,
    perMonth: Math.round(prices.snapshotGiB * hoursAMonth * sizeGiB * 10_000) / 10_000,
    currency: prices.currency,
    ...(snapshot.state === 'kept' ? {} : { by: snapshot.by, since: snapshot.since }),
  };
}
