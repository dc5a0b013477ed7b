/** The gate: whatever says that an image is there or was scanned, the registry is asked what it knows, and that is judged. */

import { InFlight } from '#adapters/in-flight.ts';
import { imageToJudge, isScanAwaited } from '#core/candidate.ts';
import type { Config } from '#core/config.ts';
import { summaryOf } from '#core/decision.ts';
import type { Environment, Image } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import type { Scan } from '#core/finding.ts';
import { candidateOf, isPart, repositoryOf } from '#core/image.ts';
import { next } from '#core/machine.ts';
import { measuresOfVerdict } from '#core/measures.ts';
import { type Digest, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Clock, EnvironmentStore, ImageScanner, Reports, Waivers } from '#core/ports.ts';
import { digestToRecheck } from '#core/recheck.ts';
import { decideVerdict } from '#core/verdict.ts';
import type { KeptWaiver } from '#core/waiver.ts';
import { commit, noteStory } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import { measure } from '../runtime/metrics.ts';
import type { Handle } from '../runtime/queue.ts';
import { waiversOf } from '../runtime/waivers.ts';

export interface GateDeps {
  readonly store: EnvironmentStore;
  readonly scanner: ImageScanner;
  readonly reports: Pick<Reports, 'keep'>;
  readonly waivers: Pick<Waivers, 'list'>;
  readonly config: Pick<Config, 'policy' | 'waivers'>;
  readonly clock: Clock;
}

export function gate(given: GateDeps): Handle {
  const reading = new InFlight<readonly KeptWaiver[]>();
  // The messages of a batch are often of one team.
  const waivers: GateDeps['waivers'] = { list: (team) => reading.read(team, () => given.waivers.list(team)) };
  const deps = { ...given, waivers };
  return async (signal, cause) => {
    if (signal.kind === 'image') return onNews(deps, signal.repository, signal.digest, cause);
    if (signal.kind === 'look') return onLook(deps, signal.environment, cause);
    throw new Rejected(`The gate takes images and looks, not ${signal.kind}: is a rule's pattern too wide?`);
  };
}

async function onNews(deps: GateDeps, repository: string, digest: Digest, cause?: string): Promise<void> {
  const key = candidateOf(repository);
  if (!key)
    throw new Rejected(
      `${repository} is no candidate repository of an environment (candidate/<team>/<name>).`,
    );
  const [image, environment, scan] = await Promise.all([
    deps.scanner.image(repository, digest),
    deps.store.read(key),
    deps.scanner.scan(repository, digest),
  ]);
  if (!image) return log.warn('the image was deleted before it was judged', { repository, digest });
  const subject = isPart(image.tags) ? belongsTo(environment, image) : image;
  if (!subject)
    return log.info('pushed without a tag: it is judged with what it belongs to', { repository, digest });
  if (subject.digest !== digest) return judge(deps, { key, repository, image: subject, cause });
  await decide(deps, { key, repository, image: subject, cause }, environment, scan);
}

/** News of a child may be what its index waits for. An image whose tag moved on is still the one that it was. */
function belongsTo(environment: Environment | undefined, image: Image): Image | undefined {
  if (!environment) return undefined;
  const { candidate, release } = environment;
  const known = 'image' in candidate ? candidate.image : undefined;
  const runs = release.phase !== 'none' && release.digest === image.digest;
  return runs || known?.digest === image.digest ? image : known;
}

/** The newest image and what runs are each judged when they are due: a policy or a waiver may have changed meanwhile. */
async function onLook(deps: GateDeps, key: EnvironmentKey, cause?: string): Promise<void> {
  const environment = await deps.store.read(key);
  if (!environment) return;
  const now = deps.clock.now();
  const image = imageToJudge(environment, now);
  const digest = digestToRecheck(environment, now);
  if (digest) await recheck(deps, environment, digest, cause);
  if (image && image.digest !== digest)
    await judge(deps, { key, repository: repositoryOf('candidate', key), image, cause });
}

/** What runs is in its release repository for as long as it does; its candidate may have gone. */
async function recheck(deps: GateDeps, { key, createdAt }: Environment, digest: Digest, cause?: string) {
  const [candidate, release] = [repositoryOf('candidate', key), repositoryOf('release', key)];
  const pushed = await deps.scanner.image(candidate, digest);
  if (pushed) return judge(deps, { key, repository: candidate, image: pushed, cause });
  const image = await deps.scanner.image(release, digest);
  if (!image) log.warn('what runs is in no repository', { environment: environmentId(key), digest });
  const subject = { key, repository: release, image: image ?? { digest, pushedAt: createdAt, tags: [] } };
  await judge(deps, { ...subject, releasedOnly: true, cause });
}

interface Subject {
  readonly key: EnvironmentKey;
  readonly repository: string;
  /** True where only its released copy is left: it says nothing of a candidate any more. */
  readonly releasedOnly?: true;
  readonly image: Image;
  /** The message that asked for it. */
  readonly cause: string | undefined;
}

async function judge(deps: GateDeps, subject: Subject): Promise<void> {
  const { key, repository, image } = subject;
  const [environment, scan] = await Promise.all([
    deps.store.read(key),
    deps.scanner.scan(repository, image.digest),
  ]);
  await decide(deps, subject, environment, scan);
}

/** An image of no stored environment gets its verdict, and that is all. */
async function decide(
  deps: GateDeps,
  { key, image, cause, releasedOnly }: Subject,
  environment: Environment | undefined,
  scan: Scan,
): Promise<void> {
  const { store, reports, config, clock } = deps;
  if (environment) noteStory(environment);
  const now = clock.now();
  if (isScanAwaited(scan, image, now)) {
    if (environment && !releasedOnly)
      await commit(store, environment, next(environment, { kind: 'pushed', image }, now), cause);
    return log.info('the scan is awaited', { digest: image.digest, scan: scan.status });
  }
  const { policy } = config;
  const waivers = await waiversOf(deps, key.team);
  const verdict = decideVerdict({ environment: key, digest: image.digest, scan, policy, waivers, now });
  // Before what links to it.
  if (scan.status === 'complete')
    await reports.keep({
      environment: key,
      scannedAt: scan.completedAt,
      verdict,
      findings: [...scan.findings],
    });
  const news = releasedOnly
    ? { kind: 'rechecked' as const, digest: image.digest, verdict }
    : { kind: 'judged' as const, image, verdict, policy };
  const decision = next(environment, news, now);
  if (environment && decision.outcome === 'changed') {
    await commit(store, environment, decision, cause, { verdict });
    measure(measuresOfVerdict(verdict, image.pushedAt));
  } else await store.keepVerdict(key, verdict);
  const { result, blocking } = verdict;
  log.info('judged', { digest: image.digest, result, blocking, ...summaryOf(decision) });
}
