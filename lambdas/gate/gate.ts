/** The gate: whatever says that an image is there or was scanned, the registry is asked what it knows, and that is judged. */
import { isScanAwaited, judged, pushed } from '#core/candidate.ts';
import type { Config } from '#core/config.ts';
import { summaryOf } from '#core/decision.ts';
import type { Environment, Image } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { candidateOf, repositoryOf } from '#core/image.ts';
import type { Digest, EnvironmentKey } from '#core/names.ts';
import type { Clock, EnvironmentStore, ImageScanner } from '#core/ports.ts';
import { isLookedAfter } from '#core/reconcile.ts';
import { decideVerdict } from '#core/verdict.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';

export interface GateDeps {
  readonly store: EnvironmentStore;
  readonly scanner: ImageScanner;
  readonly config: Pick<Config, 'policy' | 'waivers'>;
  readonly clock: Clock;
}

export function gate(deps: GateDeps): Handle {
  return async (signal) => {
    if (signal.kind === 'image') return onNews(deps, signal.repository, signal.digest);
    if (signal.kind === 'look') return onLook(deps, signal.environment);
    throw new Rejected(`The gate takes images and looks, not ${signal.kind}: is a rule's pattern too wide?`);
  };
}

async function onNews(deps: GateDeps, repository: string, digest: Digest): Promise<void> {
  const key = candidateOf(repository);
  if (!key)
    throw new Rejected(
      `${repository} is no candidate repository of an environment (candidate/<team>/<name>).`,
    );
  const image = await deps.scanner.image(repository, digest);
  if (!image) return log.warn('the image was deleted before it was judged', { repository, digest });
  await judge(deps, key, await deps.store.read(key), image);
}

async function onLook(deps: GateDeps, key: EnvironmentKey): Promise<void> {
  const environment = await deps.store.read(key);
  if (environment?.candidate.phase !== 'scanning' || isLookedAfter(environment, deps.clock.now())) return;
  await judge(deps, key, environment, environment.candidate.image);
}

/** An image of no stored environment gets its verdict, and that is all. */
async function judge(
  deps: GateDeps,
  key: EnvironmentKey,
  environment: Environment | undefined,
  image: Image,
) {
  const { store, scanner, config, clock } = deps;
  const scan = await scanner.scan(repositoryOf('candidate', key), image.digest);
  const now = clock.now();
  if (isScanAwaited(scan, image, now)) {
    const decision = environment && pushed(environment, image, now);
    if (decision?.outcome === 'changed') await store.write(decision);
    return log.info('the scan is awaited', { digest: image.digest, scan: scan.status });
  }
  const { policy, waivers } = config;
  const verdict = decideVerdict({ environment: key, digest: image.digest, scan, policy, waivers, now });
  const decision = environment && judged(environment, image, verdict, policy, now);
  if (decision?.outcome === 'changed') await store.write(decision, { verdict });
  else await store.keepVerdict(key, verdict);
  const { result, blocking } = verdict;
  log.info('judged', { digest: image.digest, result, blocking, ...summaryOf(decision) });
}
