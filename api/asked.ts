/** What is asked for, held against the configuration and the registry: where it may be, and what it is made from. */

import type { BaseImages } from '#core/build-ports.ts';
import { whyBaseIsGone } from '#core/catalog.ts';
import type { Cluster } from '#core/cluster.ts';
import type { Config } from '#core/config.ts';
import type { Environment } from '#core/environment.ts';
import { unreachable } from '#core/errors.ts';
import { whyNotExposed } from '#core/exposure.ts';
import { unresolvable } from '#core/indexes.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { untaken } from '#core/packages.ts';
import type { Basis } from '#core/plan.ts';
import { sourceOf, whyNotFrom } from '#core/source.ts';
import type { Spec } from '#core/spec.ts';
import { whyNoVolume } from '#core/volume-class.ts';
import { type Fields, invalid, ProblemError } from './problem.ts';

/**
 * The cluster that the configuration names for it, that is asked for, or the first.
 * @param more what else speaks against it there.
 * @throws 422 with all that does: no such cluster or source, a base that takes no such packages, a volume or an exposure that the
 * cluster does not have.
 */
export function placed(
  config: Config,
  key: EnvironmentKey,
  { spec, cluster: asked }: { readonly spec: Spec; readonly cluster?: string | undefined },
  more: (cluster: Cluster) => Fields = () => [],
) {
  const cluster = clusterFor(config, key, asked);
  const basis = basisOf(config, spec);
  const fields = [
    ...('path' in cluster ? [cluster] : [...misfits(cluster, spec, widestOf(config, key)), ...more(cluster)]),
    ...('kind' in basis ? [] : basis),
  ];
  if ('path' in cluster || !('kind' in basis) || fields.length > 0) throw invalid(fields);
  return { cluster, basis };
}

/**
 * What another spec of what is there already would be made from.
 * @throws 422 with all that speaks against it.
 */
export function changeable(
  config: Config,
  { key, cluster: name, spec: before }: Pick<Environment, 'key' | 'cluster' | 'spec'>,
  spec: Spec,
): Basis {
  const cluster = config.clusters.find((entry) => entry.name === name);
  const basis = basisOf(config, spec);
  const fields = [
    ...(cluster ? misfits(cluster, spec, widestOf(config, key), before) : []),
    ...('kind' in basis ? [] : basis),
  ];
  if (!('kind' in basis) || fields.length > 0) throw invalid(fields);
  return basis;
}

/** @returns what is wrong where nothing may be made from it. */
function basisOf(config: Config, spec: Spec): Basis | Fields {
  const source = sourceOf(spec);
  switch (source.kind) {
    case 'base':
      return baseOf(config, spec, source.base);
    case 'image':
      return source;
    case 'git': {
      const message = whyNotFrom(source.git, config.catalog.git);
      return message === undefined ? source : [{ path: 'spec.git.url', message }];
    }
    default:
      return unreachable(source);
  }
}

/** @returns what is wrong where there is none of its name, it takes no such packages, or no index may have them. */
function baseOf(
  { catalog: { bases }, builds: { indexes } }: Config,
  { packages }: Spec,
  name: string,
): Basis | Fields {
  const base = bases.find((entry) => entry.name === name);
  if (!base) {
    const message = `no base is called ${name}; the catalog has ${bases.map((entry) => entry.name).join(', ')}`;
    return [{ path: 'spec.base', message }, ...unresolvable(packages, indexes)];
  }
  const fields = [...untaken(packages, base), ...unresolvable(packages, indexes)];
  return fields.length > 0 ? fields : { kind: 'base', base };
}

/**
 * Where the cluster has no such volume, or can't make it larger, or where it would be open to more than cluster and team
 * allow, or to the internet while nobody said whose it is to be.
 * @param before the spec of what is there already.
 */
function misfits(cluster: Cluster, spec: Spec, widest: number, before?: Spec): Fields {
  const why = spec.volume && whyNoVolume(spec.volume, cluster.volumes, before?.volume);
  return [
    ...(why === undefined ? [] : [{ path: 'spec.volume', message: why }]),
    ...whyNotExposed(spec.access, cluster, widest),
  ];
}

/** Of who has no team any more nothing is asked for. */
const widestOf = ({ teams }: Config, { team }: EnvironmentKey): number =>
  teams.find(({ name }) => name === team)?.widestSourceRange ?? 32;

/** With the digest that it is now; undefined where the registry does not have it. What Git has is known when it is built. */
export async function standing(images: BaseImages, basis: Basis): Promise<Basis | undefined> {
  if (basis.kind === 'git') return basis;
  const sight = await images.look(basis.kind === 'base' ? basis.base : basis);
  if (basis.kind === 'image') return sight && basis;
  return sight && { kind: 'base', base: { ...basis.base, digest: sight.digest } };
}

/** @throws 409 where the registry has lost it: nothing could be built. */
export async function mustStand(images: BaseImages, basis: Basis): Promise<Basis> {
  const there = await standing(images, basis);
  if (there) return there;
  if (basis.kind !== 'base') throw noSuchImage(basis);
  const detail = `Nothing can be built from ${basis.base.name} now: ${whyBaseIsGone(basis.base)}. Ask whoever runs GetSchwifty, or take another base of the catalog.`;
  throw new ProblemError(409, 'The base is gone', detail);
}

function noSuchImage(basis: Exclude<Basis, { kind: 'base' }>): ProblemError {
  const name = basis.kind === 'git' ? basis.git.url : `${basis.repository}@${basis.digest}`;
  const detail = `${name} is not in the registry: push it there first, and name the digest that it has there.`;
  return new ProblemError(409, 'No such image', detail);
}

/** @returns what is wrong where the configuration has none, or has it in another one. */
function clusterFor(config: Config, key: EnvironmentKey, asked?: string): Cluster | Fields[number] {
  const known = config.environments.find(({ team, name }) => team === key.team && name === key.name);
  const wanted = known?.cluster ?? asked ?? config.clusters[0]?.name;
  const cluster = config.clusters.find(({ name }) => name === wanted);
  if (cluster && (asked === undefined || asked === wanted)) return cluster;
  const names = config.clusters.map(({ name }) => name).join(', ');
  const message =
    cluster && known
      ? `the configuration has ${environmentId(key)} in cluster ${known.cluster}, not in ${asked}`
      : `no cluster is called ${wanted ?? ''}; there is ${names}`;
  return { path: 'cluster', message };
}
