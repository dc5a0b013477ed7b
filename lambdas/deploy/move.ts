/** Takes the snapshot of a volume that goes to another team, when no pod of its environment is left, and writes it down as kept. */
import { type Change, causedBy, summaryOf } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import type { KeptSnapshot } from '#core/kept-snapshot.ts';
import { contentOf, lastSnapshot, leavingVolume } from '#core/last-snapshot.ts';
import { next } from '#core/machine.ts';
import { environmentId } from '#core/names.ts';
import { type MovedNews, mayMake, movedSnapshot } from '#core/transfer/moved.ts';
import { successorIn, successorOf } from '#core/transfer/transfer.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { DeployDeps } from './deps.ts';
import { makeSnapshot } from './make-snapshot.ts';

/** @returns it as it is then. */
export async function withMoved(
  deps: DeployDeps,
  environment: Environment | undefined,
  cause: string | undefined,
): Promise<Environment | undefined> {
  const { store, clock, clusterName } = deps;
  const { moved, cluster, life } = environment ?? {};
  const isDue = moved?.lookAt !== undefined && moved.lookAt <= clock.now();
  const isThere = life?.state === 'running' || life?.state === 'stopped';
  if (!environment || !isDue || !isThere || cluster !== clusterName) return environment;
  const news = await look(deps, environment);
  const decision = next(environment, { kind: 'moved', ...news }, clock.now());
  const snapshot = news.keep && movedSnapshot(environment, news.keep);
  const also = snapshot && (await toldSuccessor(deps, snapshot, cause));
  await commit(store, environment, decision, cause, { snapshot, also });
  log.info('looked at the snapshot of its volume', {
    environment: environmentId(environment.key),
    ...summaryOf(decision),
  });
  return decision.outcome === 'changed' ? decision.environment : environment;
}

/** While it is to take the place of this one. */
async function toldSuccessor(
  { store, transfers, clock }: DeployDeps,
  snapshot: KeptSnapshot,
  cause: string | undefined,
): Promise<Change | undefined> {
  const transfer = await transfers.read(snapshot.of);
  if (transfer?.state !== 'moving') return undefined;
  const successor = successorIn(transfer, await store.read(successorOf(transfer)));
  const decision = successor && next(successor, { kind: 'volume-came', snapshot }, clock.now());
  return decision?.outcome === 'changed' ? causedBy(decision, cause) : undefined;
}

async function look(
  { cluster, clusterName, config }: DeployDeps,
  environment: Environment,
): Promise<MovedNews> {
  const { key, spec, moved, leaving } = environment;
  const wanted = leaving?.state === 'moving';
  const classes = config.clusters.find(({ name }) => name === clusterName)?.volumes ?? [];
  const { objects } = await cluster.look(key);
  const known = moved && leavingVolume({ key, spec, since: moved.at }, classes, objects);
  if (known?.snapshotClass === undefined)
    return { waits: wanted, told: 'its volume waits for its snapshot: it has none, or its class makes none' };
  const sight = await cluster.snapshots(key, known.snapshotClass);
  const name = contentOf(known, sight);
  const content = name === undefined ? undefined : await cluster.snapshotContent(name);
  const last = lastSnapshot(known, sight, content);
  if (!last.make) return { waits: true, keep: last.keep, told: last.told };
  if (!mayMake(environment)) return { waits: wanted };
  const { told } = await makeSnapshot(cluster, known, last);
  return { waits: wanted, told };
}
