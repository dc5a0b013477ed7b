/**
 * Brings a kept snapshot to an environment whose volume is to be made from it, until its claim has a volume. Which snapshot a name
 * is, its team's own items say, or those of the team whose environment it takes the place of, while that transfer is under way: what a
 * person typed reaches the cluster in no other way.
 */
import type { LiveObject } from '#core/drift.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { fillingObjects, isFilled, whyNotFilled } from '#core/filling.ts';
import type { Health } from '#core/health.ts';
import type { KeptSnapshot } from '#core/kept-snapshot.ts';
import { type Source, sourceOf } from '#core/transfer/moved.ts';
import { asItStands } from '#core/transfer/transfer.ts';
import { classOf } from '#core/volume-class.ts';
import type { DeployDeps } from './deps.ts';

/** Undefined where nothing is to be made, or it was seen made. */
export async function fillingFor(
  { store, snapshots, transfers, clock }: DeployDeps,
  environment: Environment,
): Promise<Source | undefined> {
  const { key, spec, filled, inPlaceOf } = environment;
  const from = spec.volume?.from;
  if (from === undefined || filled !== undefined) return undefined;
  if (!inPlaceOf) return { state: 'there', snapshot: await snapshots.read(key.team, from) };
  const written = await transfers.read(inPlaceOf);
  const transfer = written && asItStands(written, await store.read(inPlaceOf), clock.now());
  return sourceOf(environment, transfer, await snapshots.read(inPlaceOf.team, from));
}

/** @returns what of its health it changes. */
export async function fill(
  { cluster, clusterName, config }: DeployDeps,
  environment: Environment,
  objects: readonly LiveObject[],
  known: KeptSnapshot | undefined,
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
  const problem =
    whyNotFilled(known, from, snapshotClass, sight) ??
    (known && (await refusal(cluster, fillingObjects(environment, known))));
  return problem === undefined ? {} : { ready: false, problem };
}

/** In the cluster's words: it is asked again at each look. */
async function refusal(
  cluster: DeployDeps['cluster'],
  objects: ReturnType<typeof fillingObjects>,
): Promise<string | undefined> {
  try {
    await cluster.apply(objects);
    return undefined;
  } catch (error) {
    if (error instanceof Rejected) return error.message;
    throw error;
  }
}
