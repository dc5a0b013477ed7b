/**
 * Brings a kept snapshot to an environment whose volume is to be made from it, until its claim has a volume. Which snapshot a name
 * is, its team's own items say: what a person typed reaches the cluster in no other way.
 */
import type { LiveObject } from '#core/drift.ts';
import type { Environment } from '#core/environment.ts';
import { fillingObjects, isFilled, whyNotFilled } from '#core/filling.ts';
import type { Health } from '#core/health.ts';
import { classOf } from '#core/volume-class.ts';
import type { DeployDeps } from './deps.ts';

/** @returns what of its health it changes. */
export async function fill(
  { cluster, clusterName, config, snapshots }: DeployDeps,
  environment: Environment,
  objects: readonly LiveObject[],
): Promise<Partial<Health>> {
  const { key, spec, filled } = environment;
  const from = spec.volume?.from;
  if (spec.volume === undefined || from === undefined || filled !== undefined) return {};
  if (isFilled(objects)) return { filled: from };
  // No claim is there without its namespace.
  if (!objects.some(({ kind }) => kind === 'PersistentVolumeClaim')) return {};
  const volumes = config.clusters.find(({ name }) => name === clusterName)?.volumes ?? [];
  const snapshotClass = classOf(spec.volume, volumes)?.snapshotClass;
  const sight = snapshotClass === undefined ? undefined : await cluster.snapshots(key, snapshotClass);
  const known = await snapshots.read(key.team, from);
  const problem = whyNotFilled(known, from, snapshotClass, sight);
  if (problem === undefined && known) await cluster.apply(fillingObjects(environment, known));
  return problem === undefined ? {} : { ready: false, problem };
}
