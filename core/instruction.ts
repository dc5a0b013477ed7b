/** What a Dockerfile is made of, which of its packages are asked of which manager, and an instruction that installs some. */
import type { Indexes } from './indexes.ts';
import { type EnvironmentKey, namespaceOf } from './names.ts';
import { canonical, isSystem, type Package, type PackageManager, systemOf } from './packages.ts';
import type { Spec } from './spec.ts';
import type { Fix } from './verdict.ts';
import type { Release } from './young.ts';

export interface BuildInput {
  readonly spec: Spec;
  /** With its digest: what is built from does not move. */
  readonly baseImage: string;
  /** The managers of the base. */
  readonly takes: readonly PackageManager[];
  readonly key: EnvironmentKey;
  /** Versions that a verdict asked for; they go before what the spec pins. */
  readonly fixes: readonly Fix[];
  /** The day from which on its packages are looked up anew: builds.ts. */
  readonly epoch: string;
  /** A day: releases of that day and later are too young for pip and npm. */
  readonly tooYoungFrom?: string | undefined;
  /** What is taken though it is too young. */
  readonly waived?: readonly Release[] | undefined;
  /** Without them the public ones. */
  readonly indexes?: Indexes | undefined;
}

/**
 * Each stage has caches of its own: stages are built beside one another, and apt gives up where its folder is in use. No
 * `sharing=locked`: buildah keeps its lock as a file in the cache, where `apt-get update` deletes it, and then waits for ever.
 * The words before the command are read by nobody but the cache: a layer of another epoch, or without the fix, is none of its.
 */
export function run(
  { key, epoch }: BuildInput,
  stage: string,
  caches: readonly string[],
  command: string,
  { fixes = [], secret }: { readonly fixes?: readonly string[]; readonly secret?: string | undefined } = {},
): string {
  const id = `${namespaceOf(key)}-${stage}`;
  const mounts = caches.map(
    (target) => `--mount=type=cache,id=${id}${target.replaceAll('/', '-')},target=${target}`,
  );
  if (secret !== undefined) mounts.push(`--mount=type=secret,id=${secret}`);
  const words = [`SECURITY_EPOCH=${epoch}`, ...(fixes.length === 0 ? [] : [`FIXES='${fixes.join(' ')}'`])];
  return ['RUN', ...mounts, ...words, command].join(' ');
}

/** What the spec asks of a manager, without what a fix is for, and the fixes. The system's own takes the fixes of any system. */
export function wantedOf({ spec, fixes }: BuildInput, manager: PackageManager) {
  const own = fixes.filter((fix) => (isSystem(manager) ? isSystem(fix.manager) : fix.manager === manager));
  const isFixed = (name: string) =>
    own.some((fix) => canonical(manager, fix.package) === canonical(manager, name));
  const kept = spec.packages[manager].filter(({ name }) => !isFixed(name));
  // A system's fix is the newest of its suite: Debian's archive keeps no other.
  const pinned = own.map((fix) =>
    isSystem(manager) ? { name: fix.package } : { name: fix.package, version: fix.version },
  );
  return { kept, pinned: pinned.sort(byName) };
}

export function wanted(input: BuildInput, manager: PackageManager): Package[] {
  const { kept, pinned } = wantedOf(input, manager);
  return [...kept, ...pinned].sort(byName);
}

export const byName = (a: Package, b: Package): number => (a.name < b.name ? -1 : 1);

/** Of whose packages the base can install no fix. */
export function unfixable(
  fixes: readonly Fix[],
  takes: readonly PackageManager[],
): 'system' | PackageManager | undefined {
  const bad = fixes.find(({ manager }) =>
    isSystem(manager) ? systemOf(takes) === undefined : !takes.includes(manager),
  );
  return bad && (isSystem(bad.manager) ? 'system' : bad.manager);
}
