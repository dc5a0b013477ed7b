/** Takes away kept snapshots that nobody wants any more: the cluster is told first, and their items follow. */
import { summaryOf } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { gone } from '#core/kept-snapshot.ts';
import { next } from '#core/machine.ts';
import { environmentId } from '#core/names.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { DeployDeps } from './deps.ts';

/** @returns it as it is then. What is deleted twice is gone: its object is not there. */
export async function withoutDropped(
  deps: DeployDeps,
  environment: Environment | undefined,
  cause: string | undefined,
): Promise<Environment | undefined> {
  const [name] = environment?.dropping?.snapshots ?? [];
  if (!environment || name === undefined || environment.cluster !== deps.clusterName) return environment;
  const { store, cluster, snapshots, clock } = deps;
  const known = await snapshots.read(environment.key.team, name);
  const content = known?.state === 'unwanted' ? await cluster.snapshotContent(known.content) : undefined;
  if (content) await cluster.dropSnapshot(content);
  const decision = next(environment, { kind: 'snapshot-gone', snapshot: name }, clock.now());
  await commit(store, environment, decision, cause, {
    snapshot: known?.state === 'unwanted' ? gone(known) : undefined,
  });
  log.info('took away a snapshot', { environment: environmentId(environment.key), ...summaryOf(decision) });
  return decision.outcome === 'changed' ? withoutDropped(deps, decision.environment, cause) : environment;
}
