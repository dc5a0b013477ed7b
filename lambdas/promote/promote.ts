/** The promoter: reads the findings again, judges again, copies the approved digest, and never anything else. */
import { subjectOf } from '#core/aws-events.ts';
import type { Config } from '#core/config.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { releaseTag, repositoryOf } from '#core/image.ts';
import { next } from '#core/machine.ts';
import { type Digest, environmentId } from '#core/names.ts';
import type { Clock, EnvironmentStore, ImagePromoter, ImageScanner, Waivers } from '#core/ports.ts';
import { type Objection, objectionTo } from '#core/promotion.ts';
import { decideVerdict } from '#core/verdict.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';
import { waiversOf } from '../runtime/waivers.ts';

export interface PromoteDeps {
  readonly store: EnvironmentStore;
  readonly scanner: ImageScanner;
  readonly promoter: ImagePromoter;
  readonly waivers: Pick<Waivers, 'list'>;
  readonly config: Pick<Config, 'policy' | 'waivers'>;
  readonly clock: Clock;
}

export function promote(deps: PromoteDeps): Handle {
  return async (signal, cause) => {
    const key = subjectOf(signal);
    if (!key)
      throw new Rejected(`The promoter takes approvals and looks, not ${signal.kind}: is a rule too wide?`);
    const environment = await deps.store.read(key);
    const { candidate, life } = environment ?? {};
    // Of one that is deleted meanwhile nothing is released any more: its repositories go.
    const goes = life?.state === 'deleting' || life?.state === 'deleted';
    if (!environment || candidate?.phase !== 'promoting' || goes) {
      return log.info('nothing to promote', { environment: environmentId(key), phase: candidate?.phase });
    }
    const { digest } = candidate.image;
    const objection = (await whyNot(deps, environment, digest)) ?? (await copy(deps, environment, digest));
    const news = objection
      ? { kind: 'promotion-refused' as const, digest, objection }
      : { kind: 'promoted' as const, digest };
    const decision = next(environment, news, deps.clock.now());
    await commit(deps.store, environment, decision, cause);
    log.info('promotion', { environment: environmentId(key), digest, objection: objection?.reason });
  };
}

/** What speaks against the approved digest now; undefined when nothing does. */
async function whyNot(deps: PromoteDeps, environment: Environment, digest: Digest) {
  const { scanner, config, clock } = deps;
  const { key } = environment;
  const repository = repositoryOf('candidate', key);
  if (!(await scanner.image(repository, digest))) {
    return final('the image was deleted from the candidate repository: build it again');
  }
  const scan = await scanner.scan(repository, digest);
  const { policy } = config;
  const waivers = await waiversOf(deps, key.team);
  const verdict = decideVerdict({ environment: key, digest, scan, policy, waivers, now: clock.now() });
  return objectionTo(environment, verdict);
}

const final = (reason: string): Objection => ({ reason, judgeAgain: false });

/** @returns why the registry would not, where a retry can't help. */
async function copy({ promoter }: PromoteDeps, { key }: Environment, digest: Digest) {
  const [from, to] = [repositoryOf('candidate', key), repositoryOf('release', key)];
  try {
    await promoter.copy(from, to, digest, releaseTag(digest));
    return undefined;
  } catch (error) {
    if (error instanceof Rejected) return final(error.message);
    throw error;
  }
}
