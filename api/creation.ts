/** An environment that is asked for: by itself, or in the place of another team's. */

import type { Cluster } from '#core/cluster.ts';
import type { Environment } from '#core/environment.ts';
import { type Wanted, whyNotFrom } from '#core/kept-snapshot.ts';
import { next } from '#core/machine.ts';
import type { EnvironmentKey, Instant } from '#core/names.ts';
import type { Spec } from '#core/spec.ts';
import { classOf } from '#core/volume-class.ts';
import { mustStand, placed } from './asked.ts';
import { type Fields, invalid } from './problem.ts';
import type { ApiDeps } from './route.ts';

export interface Newcomer {
  readonly key: EnvironmentKey;
  readonly spec: Spec;
  readonly cluster: string | undefined;
  readonly requester: string;
  readonly requestId: string | undefined;
  readonly from?: EnvironmentKey;
}

/** @throws 422 and 409 where configuration or registry have no place for it; what else speaks against it, the decision says. */
export async function newcomer(
  { config, bases, snapshots }: Pick<ApiDeps, 'config' | 'bases' | 'snapshots'>,
  asked: Newcomer,
) {
  const { key, spec, requester, requestId: story, from } = asked;
  const source = from ? undefined : await sourceOfVolume(snapshots, key, spec);
  const { cluster, basis } = placed(config, key, asked, (place) =>
    from ? whyNotTakenOver(spec, place) : whyNotFilled(source, place),
  );
  const stands = await mustStand(bases, basis);
  const request = { key, cluster: cluster.name, requester, spec, story, from };
  const decided = (before: Environment | undefined, now: Instant) =>
    next(before, { kind: 'requested', request }, now);
  return { cluster, basis, stands, decided };
}

/** The snapshot that its volume is made from, of its own team alone. @throws 422 where nothing is made from it there. */
export async function filling(
  snapshots: ApiDeps['snapshots'],
  key: EnvironmentKey,
  spec: Spec,
  cluster: Cluster,
): Promise<Wanted | undefined> {
  const source = await sourceOfVolume(snapshots, key, spec);
  const fields = whyNotFilled(source, cluster);
  if (fields.length > 0) throw invalid(fields);
  return source?.known?.state === 'kept' ? source.known : undefined;
}

async function sourceOfVolume(snapshots: ApiDeps['snapshots'], { team }: EnvironmentKey, { volume }: Spec) {
  if (volume?.from === undefined) return undefined;
  return { volume, known: await snapshots.read(team, volume.from) };
}

function whyNotFilled(source: Awaited<ReturnType<typeof sourceOfVolume>>, cluster: Cluster): Fields {
  const message = source && whyNotFrom(source.known, source.volume, cluster);
  return message === undefined ? [] : [{ path: 'spec.volume.from', message }];
}

/** The snapshot of another team's volume is to come: the cluster must be able to make something from it. */
function whyNotTakenOver({ volume }: Spec, cluster: Cluster): Fields {
  if (!volume || classOf(volume, cluster.volumes)?.snapshotClass !== undefined) return [];
  const message = `class ${volume.class} has no snapshots in cluster ${cluster.name}, and its volume comes as one`;
  return [{ path: 'cluster', message }];
}
