/**
 * Builds are started where they are asked for, and their failures are told; a success tells itself by its push. Where an
 * image of the same content was released before, it is taken again instead. The repositories that a build pushes to are
 * made before it, when their environment is written: nobody's are left by a request that failed, and a deletion finds those
 * of a call that lasts (docs/adr/0022).
 */
import { createHash } from 'node:crypto';
import type { Signal } from '#core/aws-events.ts';
import { isCacheOf } from '#core/build.ts';
import { failureFrom, reasonText } from '#core/build-failure.ts';
import type { BuildLogs, BuildRecords, ImageBuilder } from '#core/build-ports.ts';
import { readSteps } from '#core/build-steps.ts';
import { epochOf, tooYoungFrom } from '#core/builds.ts';
import { whyBaseIsGone } from '#core/catalog.ts';
import type { Config } from '#core/config.ts';
import { buildContext, contentOf, type Making } from '#core/context.ts';
import { summaryOf } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected, Retryable, unreachable } from '#core/errors.ts';
import { buildTag, candidateOf, newestBuild, repositoryOf } from '#core/image.ts';
import { unresolvable } from '#core/indexes.ts';
import { type BuildInput, unfixable } from '#core/instruction.ts';
import { whyNobodyMay } from '#core/lifecycle.ts';
import { lockedFile, lockTagOf } from '#core/lock.ts';
import { type News, next } from '#core/machine.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Clock, EnvironmentStore, ImageScanner, RepositoryMaker, Waivers } from '#core/ports.ts';
import { madeOf } from '#core/provenance.ts';
import { isLookedAfter } from '#core/reconcile.ts';
import { secretFor, sourceOf, whyNotFrom } from '#core/source.ts';
import { takeable } from '#core/taken.ts';
import type { Team } from '#core/team.ts';
import { waivedReleases } from '#core/waiver.ts';
import { commit, noteStory } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';

export interface BuildDeps {
  readonly store: EnvironmentStore;
  readonly builder: ImageBuilder;
  readonly repositories: RepositoryMaker;
  readonly scanner: Pick<ImageScanner, 'imageByTag'>;
  readonly logs: BuildLogs;
  readonly records: Pick<BuildRecords, 'keep'>;
  readonly waivers: Pick<Waivers, 'list'>;
  readonly config: Pick<Config, 'catalog' | 'builds'> & {
    readonly teams: readonly Pick<Team, 'name' | 'git'>[];
  };
  readonly clock: Clock;
}

export function build(deps: BuildDeps): Handle {
  return async (signal, cause) => {
    const key = environmentOf(signal);
    const environment = await deps.store.read(key);
    if (!environment)
      return log.warn('no such environment: it was deleted since', { environment: environmentId(key) });
    noteStory(environment);
    const news = await learn(deps, environment, signal);
    const decision = news && next(environment, news, deps.clock.now());
    await commit(deps.store, environment, decision, cause);
    log.info('build', { environment: environmentId(key), ...summaryOf(decision) });
    if (signal.kind === 'build') await keepSteps(deps, key, signal.detail);
  };
}

type BuildDetail = Extract<Signal, { kind: 'build' }>['detail'];

const variableOf = (detail: BuildDetail, wanted: string): string =>
  detail['additional-information']?.environment['environment-variables'].find(({ name }) => name === wanted)
    ?.value ?? '';

/** Its log goes after a month, and its last lines may come after its end: then they are read where somebody asks. */
async function keepSteps(
  { logs, records, clock }: BuildDeps,
  key: EnvironmentKey,
  detail: BuildDetail,
): Promise<void> {
  const number = newestBuild([variableOf(detail, 'TAG')]);
  if (number === undefined || detail['build-status'] === 'IN_PROGRESS') return;
  const record = await readSteps(logs, { key, number }, clock.now());
  if (record) await records.keep(key, record);
}

function environmentOf(signal: Signal): EnvironmentKey {
  if (signal.kind === 'look') return signal.environment;
  if (signal.kind === 'told') return signal.event.environment;
  if (signal.kind !== 'build')
    throw new Rejected(
      `The build stage takes builds, requests and looks, not ${signal.kind}: is a rule too wide?`,
    );
  const repository = variableOf(signal.detail, 'REPOSITORY');
  const key = candidateOf(repository);
  if (!key)
    throw new Rejected(
      `Build ${signal.buildId} pushes to "${repository}", which is no candidate repository.`,
    );
  return key;
}

/** @returns undefined where there is no news: nothing is built, or it is still going on. */
async function learn(deps: BuildDeps, environment: Environment, signal: Signal): Promise<News | undefined> {
  const { candidate } = environment;
  if (candidate.phase !== 'building' || whyNobodyMay(environment)) return undefined;
  const { id } = candidate.build;
  if (id === undefined) return start(deps, environment, candidate.build);
  const isDue = signal.kind === 'look' && !isLookedAfter(candidate, deps.clock.now());
  return signal.kind === 'build' || isDue ? ask(deps, environment, candidate.build, id) : undefined;
}

async function start(deps: BuildDeps, environment: Environment, build: Build): Promise<News> {
  const { key } = environment;
  const making = await makingOf(deps, environment, build);
  const content =
    typeof making === 'string' ? '' : createHash('sha256').update(contentOf(making)).digest('hex');
  if (takeable(environment, content)) return { kind: 'taken', content };
  await deps.repositories.make(key);
  if (typeof making === 'string') return { kind: 'build-not-started', reason: making };
  const { number } = build;
  const { git, epoch } = making.from === 'git' ? making : {};
  const isStale = epoch !== undefined && !isCacheOf(environment, epoch);
  const withoutCache = build.withoutCache || isStale || undefined;
  const lock = lockTagOf(making, content);
  const locked = withoutCache ? undefined : await lockedIn(deps, key, lock);
  // In its context and not among its variables: asked for twice, it is the same build only with the same variables.
  const context = { ...buildContext(making), ...(locked && { [lockedFile]: `${locked}\n` }) };
  const made = madeOf(making, content);
  const team = teamOf(deps, key);
  const gitSecret = git && team && secretFor(git, team.git);
  const id = await deps.builder.start({ key, number, context, git, gitSecret, withoutCache, lock, made });
  const resolves = lock === undefined ? undefined : locked ? 'again' : 'anew';
  return { kind: 'build-started', number, id, content, epoch, resolves };
}

const teamOf = ({ config }: BuildDeps, { team }: EnvironmentKey) =>
  config.teams.find(({ name }) => name === team);

/** What was resolved for the same content, by its digest. A registry that can't say fails the start, which comes again. */
const lockedIn = ({ builder }: BuildDeps, key: EnvironmentKey, tag: string | undefined) =>
  tag === undefined ? undefined : builder.resolveBase({ repository: repositoryOf('cache', key), tag });

/** @returns why there can be no build. */
async function makingOf(deps: BuildDeps, environment: Environment, build: Build): Promise<Making | string> {
  const { key, spec } = environment;
  // Its role went with it: what is built is built by its team's own (docs/adr/0042).
  if (!teamOf(deps, key)) return `no team is called ${key.team}: have it configured again, and deployed`;
  const source = sourceOf(spec);
  const epoch = epochOf(deps.clock.now(), deps.config.builds);
  switch (source.kind) {
    case 'base':
      return fromBase(deps, { key, spec, fixes: build.fixes, epoch }, source.base);
    case 'image': {
      const image = await deps.builder.resolveBase(source);
      return image
        ? { from: 'image', key, spec, image }
        : `${spec.image} is not in the registry: push it there again`;
    }
    case 'git': {
      const { git } = source;
      return whyNotFrom(git, deps.config.catalog.git) ?? { from: 'git', key, git, epoch };
    }
    default:
      return unreachable(source);
  }
}

async function fromBase(
  { builder, config, waivers, clock }: BuildDeps,
  input: Pick<BuildInput, 'key' | 'spec' | 'fixes' | 'epoch'>,
  name: string,
): Promise<Making | string> {
  const base = config.catalog.bases.find((entry) => entry.name === name);
  if (!base) return `the base ${name} is no longer in the catalog: ask for another one`;
  const baseImage = await builder.resolveBase(base);
  if (!baseImage) return whyBaseIsGone(base);
  const missing = unfixable(input.fixes, base.takes);
  if (missing) return `${base.name} takes no ${missing} packages: mirror it anew with the fixes`;
  const { indexes } = config.builds;
  const [refusal] = unresolvable(input.spec.packages, indexes);
  if (refusal) return refusal.message;
  const young = tooYoungFrom(input.epoch, config.builds);
  const { key } = input;
  const waived = waivedReleases(await waivers.list(key.team), key, clock.now());
  return { from: 'base', ...input, baseImage, takes: base.takes, tooYoungFrom: young, waived, indexes };
}

type Build = Extract<Environment['candidate'], { phase: 'building' }>['build'];

/** CodeBuild is asked, whatever the event said: events come late and twice. */
async function ask(
  deps: BuildDeps,
  environment: Environment,
  { number }: Build,
  id: string,
): Promise<News | undefined> {
  const { key, builds } = environment;
  const failed = (reason: string) => ({ kind: 'build-failed' as const, id, reason });
  const status = await deps.builder.status(id);
  if (!status.ended) return undefined;
  const { failure, how } = status;
  if (failure !== undefined)
    return failed(how === 'itself' ? await whyItFailed(deps, environment, number, failure) : failure);
  const image = await deps.scanner.imageByTag(repositoryOf('candidate', key), buildTag(builds));
  return image ? { kind: 'pushed', image } : failed('the build succeeded and pushed nothing');
}

/** Its log tells more than how its machine ended; where it can't be read for a moment, that alone is told. Without the right to read it a person is told, by the DLQ. */
async function whyItFailed(
  { logs }: BuildDeps,
  { key, spec }: Environment,
  number: number,
  failure: string,
): Promise<string> {
  const lines = await logs.tail({ key, number }).catch((error: unknown) => {
    if (!(error instanceof Retryable)) throw error;
    log.warn('the log of a build that failed can not be read', { number, why: error.message });
    return [];
  });
  const texts = lines.map(({ text }) => text);
  const asked = { packages: spec.packages, byDockerfile: sourceOf(spec).kind === 'git' };
  return reasonText(failureFrom(texts, failure, asked));
}
