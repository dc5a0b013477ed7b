/**
 * The first of an environment's way: asked for, its build started, ended without an image. What comes with the image is in
 * candidate.ts. Doubled and late news change nothing.
 */
import { change, type Decision, type Parts, unchanged } from './decision.ts';
import { type Candidate, type Environment, newestImage } from './environment.ts';
import { buildTag } from './image.ts';
import { addSeconds, type EnvironmentKey, environmentId, type Instant } from './names.ts';
import type { Spec } from './spec.ts';
import { timesOf } from './times.ts';

/** After this long without news of a build, reconcile asks. */
const buildPatienceSeconds = 120;

export interface Request {
  readonly key: EnvironmentKey;
  readonly cluster: string;
  readonly requester: string;
  readonly spec: Spec;
  /** The id of the request that it came with. */
  readonly story?: string | undefined;
  /** Another team's, whose place it is to take. */
  readonly from?: EnvironmentKey | undefined;
}

/**
 * @param before one of the same name that was deleted: versions and builds are never counted twice, and people are still told
 * how its incidents ended, and what it left that nobody wants is still taken away.
 */
export function request(
  { key, cluster, requester, spec, story, from }: Request,
  now: Instant,
  before?: Pick<Environment, 'version' | 'builds' | 'untold' | 'dropping'>,
): Decision {
  const number = (before?.builds ?? 0) + 1;
  const environment: Environment = {
    key,
    cluster,
    requester,
    spec,
    ...timesOf(spec, now),
    life: { state: 'running' },
    createdAt: now,
    version: before?.version ?? 0,
    builds: number,
    known: [],
    remediation: { attempts: 0, fixes: [] },
    candidate: {
      phase: 'building',
      build: { number, fixes: [] },
      since: now,
      lookAt: addSeconds(now, buildPatienceSeconds),
    },
    release: { phase: 'none' },
    ...(from && { inPlaceOf: from }),
    ...(story === undefined ? {} : { stories: { candidate: story } }),
    incidents: [],
    untold: before?.untold ?? [],
    ...(before?.dropping && { dropping: before.dropping }),
  };
  const events = [{ type: 'EnvironmentRequested' as const, build: number }];
  const what = `asked for the environment${from ? `, in place of ${environmentId(from)}` : ''}`;
  return change(environment, {}, { at: now, actor: requester, what, events });
}

/** The parts of an environment whose next build is asked for; late news of the image before it does not push it aside. */
export function building(
  environment: Environment,
  build: Building['build'],
  now: Instant,
  replaces = newestImage(environment),
): Parts {
  const lookAt = addSeconds(now, buildPatienceSeconds);
  const candidate = {
    phase: 'building' as const,
    build,
    ...(replaces ? { replaces } : {}),
    since: now,
    lookAt,
  };
  return { builds: build.number, candidate };
}

interface Started {
  readonly number: number;
  readonly id: string;
  readonly content: string;
  readonly epoch?: string | undefined;
  /** Where pip or npm resolves: whether what was resolved before is installed again, or all is looked up. */
  readonly resolves?: Resolves | undefined;
}

export type Resolves = 'again' | 'anew';
const resolvesSays: Readonly<Record<Resolves, string>> = {
  again: ', of what was resolved for the same before',
  anew: ', in which all is looked up anew',
};

export function buildStarted(
  environment: Environment,
  { number, id, content, epoch, resolves }: Started,
  now: Instant,
): Decision {
  const { candidate } = environment;
  if (candidate.phase !== 'building' || candidate.build.number !== number)
    return unchanged('another build came since');
  if (candidate.build.id !== undefined) return unchanged('the build was started already');
  const build = { ...candidate.build, id };
  const lookAt = addSeconds(now, buildPatienceSeconds);
  const what = `started build ${number}${resolves === undefined ? '' : resolvesSays[resolves]}`;
  const started = { ...candidate, build, lookAt };
  const builtOf = { build: number, content, ...(epoch === undefined ? {} : { epoch }) };
  return change(environment, { candidate: started, builtOf }, { at: now, actor: 'build', what });
}

/**
 * Whether the cache that a Git repository's build left is of this epoch. No instruction of its Dockerfile says so, as ours do: what
 * counts is the build before, where it ended with an image. One that failed left the cache as it was, and one of another source or
 * epoch has other layers.
 */
export function isCacheOf(environment: Environment, epoch: string): boolean {
  const { builtOf } = environment;
  const isOfEpoch = builtOf !== undefined && builtOf.epoch === epoch;
  return isOfEpoch && newestImage(environment)?.tags.includes(buildTag(builtOf.build)) === true;
}

/** It could not even be started: what the spec names is not there. */
export function buildNotStarted(environment: Environment, reason: string, now: Instant): Decision {
  const { candidate } = environment;
  if (candidate.phase !== 'building' || candidate.build.id !== undefined) {
    return unchanged('no build waits for its start');
  }
  return failed(environment, candidate, reason, now);
}

export function buildFailed(environment: Environment, id: string, reason: string, now: Instant): Decision {
  const { candidate } = environment;
  if (candidate.phase !== 'building' || candidate.build.id !== id)
    return unchanged('this build is not waited for');
  return failed(environment, candidate, reason, now);
}

type Building = Extract<Candidate, { phase: 'building' }>;

function failed(environment: Environment, candidate: Building, reason: string, now: Instant): Decision {
  const { lookAt: _, ...build } = candidate;
  const ended = { ...build, phase: 'build-failed' as const, reason, since: now };
  const what = `build ${candidate.build.number} failed: ${reason}`;
  return change(environment, { candidate: ended }, { at: now, actor: 'build', what });
}
