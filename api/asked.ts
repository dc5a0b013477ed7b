/** What is asked for, held against the configuration and the registry: where it may be, and what it is made from. */

import type { BaseImages } from '#core/build-ports.ts';
import { type BaseImage, whyBaseIsGone } from '#core/catalog.ts';
import type { Cluster } from '#core/cluster.ts';
import type { Config } from '#core/config.ts';
import { unreachable } from '#core/errors.ts';
import { whyNotExposed } from '#core/exposure.ts';
import { unresolvable } from '#core/indexes.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { untaken } from '#core/packages.ts';
import type { Basis } from '#core/plan.ts';
import { sourceOf, whyNotFrom } from '#core/source.ts';
import type { Spec } from '#core/spec.ts';
import { whyNoVolume } from '#core/volume-class.ts';
import { invalid, ProblemError } from './problem.ts';

/**
 * The cluster that the configuration names for it, that is asked for, or the first.
 * @throws 422 where the configuration has no such cluster or source, or the base takes no such packages.
 */
export function placed(config: Config, key: EnvironmentKey, spec: Spec, asked?: string) {
  const known = config.environments.find(({ team, name }) => team === key.team && name === key.name);
  const wanted = known?.cluster ?? asked ?? config.clusters[0]?.name;
  const cluster = config.clusters.find(({ name }) => name === wanted);
  if (!cluster || (asked !== undefined && asked !== wanted))
    throw noSuchCluster(config, key, asked, known?.cluster);
  mustFit(cluster, spec, widestOf(config, key));
  return { cluster, basis: basisOf(config, spec) };
}

/** @throws 422 where nothing may be made from it. */
export function basisOf(config: Config, spec: Spec): Basis {
  const source = sourceOf(spec);
  switch (source.kind) {
    case 'base':
      return { kind: 'base', base: baseOf(config, spec, source.base) };
    case 'image':
      return source;
    case 'git': {
      const message = whyNotFrom(source.git, config.catalog.git);
      if (message !== undefined) throw invalid([{ path: 'spec.git.url', message }]);
      return source;
    }
    default:
      return unreachable(source);
  }
}

/** @throws 422 where there is none of its name, it takes no such packages, or no index may have them. */
function baseOf(
  { catalog: { bases }, builds: { indexes } }: Config,
  { packages }: Spec,
  name: string,
): BaseImage {
  const base = bases.find((entry) => entry.name === name);
  if (!base) {
    const message = `no base is called ${name}; the catalog has ${bases.map((entry) => entry.name).join(', ')}`;
    throw invalid([{ path: 'spec.base', message }]);
  }
  const fields = [...untaken(packages, base), ...unresolvable(packages, indexes)];
  if (fields.length > 0) throw invalid(fields);
  return base;
}

/**
 * @param before the spec of what is there already.
 * @throws 422 where the cluster has no such volume, or can't make it larger, or where it would be open to more than cluster and
 * team allow, or to the internet while nobody said whose it is to be.
 */
export function mustFit(cluster: Cluster, spec: Spec, widest: number, before?: Spec): void {
  const why = spec.volume && whyNoVolume(spec.volume, cluster.volumes, before?.volume);
  const fields = [
    ...(why === undefined ? [] : [{ path: 'spec.volume', message: why }]),
    ...whyNotExposed(spec.access, cluster, widest),
  ];
  if (fields.length > 0) throw invalid(fields);
}

/** Of who has no team any more nothing is asked for. */
export const widestOf = ({ teams }: Config, { team }: EnvironmentKey): number =>
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

function noSuchCluster(config: Config, key: EnvironmentKey, asked = '', configured?: string) {
  const names = config.clusters.map(({ name }) => name).join(', ');
  const message = configured
    ? `the configuration has ${environmentId(key)} in cluster ${configured}, not in ${asked}`
    : `no cluster is called ${asked}; there is ${names}`;
  return invalid([{ path: 'cluster', message }]);
}
