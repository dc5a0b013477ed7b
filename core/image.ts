/** An environment's repositories in ECR: the name of a repository decides whose images it holds. */
import { type Digest, EnvironmentKey, environmentId } from './names.ts';

/** `candidate` is pushed to by builds, `release` by the promoter alone, `cache` by the environment's own builds. */
export type RepositoryKind = 'candidate' | 'release' | 'cache';

export const repositoryOf = (kind: RepositoryKind, key: EnvironmentKey): string =>
  `${kind}/${environmentId(key)}`;

/** The environment whose candidate repository this is; undefined for any other repository. */
export function candidateOf(repository: string): EnvironmentKey | undefined {
  const [kind, team, name, ...rest] = repository.split('/');
  if (kind !== 'candidate' || rest.length > 0) return undefined;
  const parsed = EnvironmentKey.safeParse({ team, name });
  return parsed.success ? parsed.data : undefined;
}

/**
 * Children of an index and what refers to an image (a signature, an SBOM) are pushed beside it: by their digest, or under
 * a tag made of the digest that they belong to. They are judged with it, and are no candidates of their own.
 */
export const isPart = (tags: readonly string[]): boolean =>
  tags.every((tag) => /^sha256-[0-9a-f]{64}/.test(tag));

/** Immutable, and the same for the same digest: promoting twice is promoting once. */
export const releaseTag = (digest: Digest): string =>
  `r-${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;

/** Of what a build resolved, in its cache repository, which has other tags too. */
export const lockPrefix = 'lock-';

/** The tag under which build number `n` of an environment is pushed. */
export const buildTag = (n: number): string => `build-${n}`;

/** The number of the newest build that an image is tagged with; undefined for one that we did not build. */
export const newestBuild = (tags: readonly string[]): number | undefined =>
  tags
    .flatMap((tag) => /^build-(\d{1,9})$/.exec(tag)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a)[0];

export const shortDigest = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);
