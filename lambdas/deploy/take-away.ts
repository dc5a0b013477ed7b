/** Takes an environment that was deleted out of its cluster: with its namespace goes all that is in it, but for its volume's snapshot. */
import { summaryOf } from '#core/decision.ts';
import type { LiveObject } from '#core/drift.ts';
import type { Environment } from '#core/environment.ts';
import { fillingContentOf } from '#core/filling.ts';
import { kept, type Taken } from '#core/kept-snapshot.ts';
import {
  contentOf,
  type LastSnapshot,
  type Leaving,
  lastSnapshot,
  leavingVolume,
  othersOf,
  type SnapshotSight,
  waitsForOther,
} from '#core/last-snapshot.ts';
import { next } from '#core/machine.ts';
import { environmentId } from '#core/names.ts';
import { snapshotNameOf } from '#core/snapshot-name.ts';
import { leftAt } from '#core/transfer/moved.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import { refusalOf } from '../runtime/refusal.ts';
import type { DeployDeps } from './deps.ts';
import { makeSnapshot } from './make-snapshot.ts';

export async function takeAway(
  deps: DeployDeps,
  environment: Environment,
  cause: string | undefined,
): Promise<void> {
  const { store, cluster, clock } = deps;
  const { objects } = await cluster.look(environment.key);
  const home = objects.find(({ kind }) => kind === 'Namespace');
  const isThere = home !== undefined && home.metadata.deletionTimestamp === undefined;
  const { done, told, keep }: LastSnapshot = isThere
    ? await lastOfVolume(deps, environment, objects)
    : { done: true };
  const isTold = isWritten(environment, told);
  const refused = isThere && done && isTold ? await stays(cluster, home) : undefined;
  const gone = home === undefined && !(await isNamed(deps, environment));
  const news = {
    kind: 'part-seen' as const,
    part: 'cluster' as const,
    gone,
    told: isTold ? toldSince(environment, told, refused) : told,
  };
  const decision = next(environment, news, clock.now());
  const snapshot =
    keep && decision.outcome === 'changed' ? await newlyKept(deps, environment, keep) : undefined;
  await commit(store, environment, decision, cause, { snapshot });
  log.info('took away the namespace', {
    environment: environmentId(environment.key),
    ...summaryOf(decision),
  });
}

/** The snapshot that its volume was made from stays; the cluster's object that named it for this one alone does not. */
async function isNamed({ cluster }: DeployDeps, environment: Environment): Promise<boolean> {
  if (environment.spec.volume?.from === undefined) return false;
  const content = await cluster.snapshotContent(fillingContentOf(environment));
  if (content) await cluster.forgetSnapshot(content);
  return content !== undefined;
}

/** Undefined where it is written already: what is told may have been another thing since. */
async function newlyKept({ snapshots, clusterName }: DeployDeps, environment: Environment, taken: Taken) {
  const { key: of, spec, life } = environment;
  if (spec.volume === undefined || life.state !== 'deleting') return undefined;
  const first = kept({
    of,
    cluster: clusterName,
    volume: spec.volume,
    since: leftAt(environment, life.since),
    taken,
  });
  return (await snapshots.read(of.team, first.name)) ? undefined : first;
}

/** @returns why the cluster would not have it removed, in its words: it is asked again at each look. */
async function stays(cluster: DeployDeps['cluster'], home: LiveObject): Promise<string | undefined> {
  const why = await refusalOf(() => cluster.remove([home]));
  return why && `its namespace stays for now, the cluster refuses its removal: ${why.slice(0, 200)}`;
}

/** What was told before it was refused is not told again once it is taken. */
function toldSince(
  { life }: Environment,
  told: string | undefined,
  refused: string | undefined,
): string | undefined {
  if (refused !== undefined) return told === undefined ? refused : `${told}; ${refused}`;
  return life.state === 'deleting' ? life.told : told;
}

/** What is lost, or where it stays, is in its history before it is done; what was refused since stands behind it. */
const isWritten = ({ life }: Environment, told: string | undefined): boolean =>
  told === undefined ||
  (life.state === 'deleting' && (life.told === told || !!life.told?.startsWith(`${told}; `)));

/** @returns whether the namespace may go. */
async function lastOfVolume(
  deps: DeployDeps,
  { key, spec, life, moved }: Environment,
  objects: readonly LiveObject[],
): Promise<LastSnapshot> {
  if (life.state !== 'deleting') return { done: false };
  const { cluster, clusterName, config, snapshots } = deps;
  // What a slow call made anew, once it was seen gone, was never used: a snapshot of that would be nobody's.
  if (life.swept || !life.left.includes('cluster')) return { done: true };
  const classes = config.clusters.find(({ name }) => name === clusterName)?.volumes ?? [];
  const since = leftAt({ moved }, life.since);
  const leaving = leavingVolume({ key, spec, since }, classes, objects);
  if (!leaving) return { done: true };
  const { snapshotClass } = leaving;
  const sight = snapshotClass === undefined ? undefined : await cluster.snapshots(key, snapshotClass);
  // Kept, and then unwanted while the rest was still going: what is left of it in the cluster may be half of it by now.
  const known = await snapshots.read(key.team, snapshotNameOf(key.name, since));
  if (known && known.state !== 'kept') return withoutOthers(deps, leaving, sight, { done: true });
  const name = sight && contentOf(leaving, sight);
  const content = name === undefined ? undefined : await cluster.snapshotContent(name);
  const last = await makeSnapshot(cluster, leaving, lastSnapshot(leaving, sight, content));
  return last.done ? withoutOthers(deps, leaving, sight, last) : last;
}

/** With the namespace goes what names them: whoever pays for them would find them by nothing. */
async function withoutOthers(
  { cluster, snapshots }: DeployDeps,
  leaving: Leaving,
  sight: SnapshotSight | undefined,
  last: LastSnapshot,
): Promise<LastSnapshot> {
  for (const { name, content, failed } of sight ? othersOf(leaving, sight) : []) {
    if (await snapshots.read(leaving.key.team, name)) continue;
    if (content === undefined && !failed) return waitsForOther(leaving);
    const found = content === undefined ? undefined : await cluster.snapshotContent(content);
    if (found) await cluster.dropSnapshot(found);
  }
  return last;
}
