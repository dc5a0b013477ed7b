/** What is asked for, held against the configuration: where it may be, and from which base. */
import { type BaseImage, whyBaseIsGone } from '#core/catalog.ts';
import type { Cluster } from '#core/cluster.ts';
import type { Config } from '#core/config.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { untaken } from '#core/packages.ts';
import type { BaseImages, BaseSight } from '#core/ports.ts';
import type { Spec } from '#core/spec.ts';
import { whyNoVolume } from '#core/volume-class.ts';
import { invalid, ProblemError } from './problem.ts';

/**
 * The cluster that the configuration names for it, that is asked for, or the first.
 * @throws 422 where the configuration has no such cluster or base, or the base takes no such packages.
 */
export function placed(config: Config, key: EnvironmentKey, spec: Spec, asked?: string) {
  const known = config.environments.find(({ team, name }) => team === key.team && name === key.name);
  const wanted = known?.cluster ?? asked ?? config.clusters[0]?.name;
  const cluster = config.clusters.find(({ name }) => name === wanted);
  if (!cluster || (asked !== undefined && asked !== wanted))
    throw noSuchCluster(config, key, asked, known?.cluster);
  volumeOf(cluster, spec);
  return { cluster, base: baseOf(config, spec) };
}

/** @throws 422 where there is none of its name, or it takes no such packages. */
export function baseOf(config: Config, spec: Spec): Config['catalog']['bases'][number] {
  const base = config.catalog.bases.find((entry) => entry.name === spec.base);
  if (!base) {
    const names = config.catalog.bases.map((entry) => entry.name).join(', ');
    const message = `no base is called ${spec.base}; the catalog has ${names}`;
    throw invalid([{ path: 'spec.base', message }]);
  }
  const fields = untaken(spec.packages, base);
  if (fields.length > 0) throw invalid(fields);
  return base;
}

/** @param before the spec of what is there already. @throws 422 where the cluster has no such volume, or can't make it larger. */
export function volumeOf({ volumes }: Cluster, { volume }: Spec, before?: Spec): void {
  const why = volume && whyNoVolume(volume, volumes, before?.volume);
  if (why !== undefined) throw invalid([{ path: 'spec.volume', message: why }]);
}

/** @throws 409 where the registry has lost it: nothing could be built. */
export async function mustStand(images: BaseImages, base: BaseImage): Promise<BaseSight> {
  const sight = await images.look(base);
  if (sight) return sight;
  const detail = `Nothing can be built from ${base.name} now: ${whyBaseIsGone(base)}. Ask whoever runs GetSchwifty, or take another base of the catalog.`;
  throw new ProblemError(409, 'The base is gone', detail);
}

function noSuchCluster(config: Config, key: EnvironmentKey, asked = '', configured?: string) {
  const names = config.clusters.map(({ name }) => name).join(', ');
  const message = configured
    ? `the configuration has ${environmentId(key)} in cluster ${configured}, not in ${asked}`
    : `no cluster is called ${asked}; there is ${names}`;
  return invalid([{ path: 'cluster', message }]);
}
