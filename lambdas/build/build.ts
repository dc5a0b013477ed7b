/** Builds are started where they are asked for, and their failures are told; a success tells itself by its push. */
import type { Signal } from '#core/aws-events.ts';
import { buildFailed, buildNotStarted, buildStarted, pushed } from '#core/candidate.ts';
import type { Config } from '#core/config.ts';
import { type Decision, summaryOf } from '#core/decision.ts';
import { buildContext } from '#core/dockerfile.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { buildTag, candidateOf, repositoryOf } from '#core/image.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Clock, EnvironmentStore, ImageBuilder, ImageScanner } from '#core/ports.ts';
import { isLookedAfter } from '#core/reconcile.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';

export interface BuildDeps {
  readonly store: EnvironmentStore;
  readonly builder: ImageBuilder;
  readonly scanner: Pick<ImageScanner, 'imageByTag'>;
  readonly config: Pick<Config, 'catalog'>;
  readonly clock: Clock;
}

export function build(deps: BuildDeps): Handle {
  return async (signal) => {
    const key = environmentOf(signal);
    const environment = await deps.store.read(key);
    if (!environment)
      return log.warn('no such environment: it was deleted since', { environment: environmentId(key) });
    const decision = await decide(deps, environment, signal);
    if (decision?.outcome === 'changed') await deps.store.write(decision);
    log.info('build', { environment: environmentId(key), ...summaryOf(decision) });
  };
}

function environmentOf(signal: Signal): EnvironmentKey {
  if (signal.kind === 'look') return signal.environment;
  if (signal.kind === 'told') return signal.event.environment;
  if (signal.kind === 'image') throw new Rejected('The build stage takes no images: is a rule too wide?');
  const variables = signal.detail['additional-information']?.environment['environment-variables'] ?? [];
  const repository = variables.find((variable) => variable.name === 'REPOSITORY')?.value ?? '';
  const key = candidateOf(repository);
  if (!key)
    throw new Rejected(
      `Build ${signal.buildId} pushes to "${repository}", which is no candidate repository.`,
    );
  return key;
}

async function decide(
  deps: BuildDeps,
  environment: Environment,
  signal: Signal,
): Promise<Decision | undefined> {
  const { candidate } = environment;
  if (candidate.phase !== 'building') return undefined;
  const { id } = candidate.build;
  if (id === undefined) return start(deps, environment);
  const isDue = signal.kind === 'look' && !isLookedAfter(environment, deps.clock.now());
  return signal.kind === 'build' || isDue ? ask(deps, environment, id) : undefined;
}

async function start({ builder, config, clock }: BuildDeps, environment: Environment): Promise<Decision> {
  const { key, spec, candidate } = environment;
  if (candidate.phase !== 'building')
    throw new Error(`${environmentId(key)} is ${candidate.phase}, not building`);
  const base = config.catalog.bases.find((entry) => entry.name === spec.base);
  const notStarted = (reason: string) => buildNotStarted(environment, reason, clock.now());
  if (!base) return notStarted(`the base ${spec.base} is no longer in the catalog: ask for another one`);
  const baseImage = await builder.resolveBase(base.repository, base.tag);
  if (!baseImage)
    return notStarted(`${base.repository}:${base.tag} is not in the registry: mirror it there first`);
  const { number, fixes } = candidate.build;
  const context = buildContext({ spec, baseImage, environmentId: environmentId(key), fixes });
  const id = await builder.start({ key, number, context });
  return buildStarted(environment, number, id, clock.now());
}

/** CodeBuild is asked, whatever the event said: events come late and twice. */
async function ask({ builder, scanner, clock }: BuildDeps, environment: Environment, id: string) {
  const status = await builder.status(id);
  if (!status.ended) return undefined;
  if (status.failure !== undefined) return buildFailed(environment, id, status.failure, clock.now());
  const image = await scanner.imageByTag(
    repositoryOf('candidate', environment.key),
    buildTag(environment.builds),
  );
  if (!image) return buildFailed(environment, id, 'the build succeeded and pushed nothing', clock.now());
  return pushed(environment, image, clock.now());
}
