/** Takes away what a deleted environment leaves in the registry. */
import type { Config } from '#core/config.ts';
import { summaryOf } from '#core/decision.ts';
import { Rejected } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { environmentId } from '#core/names.ts';
import type { Clock, EnvironmentStore, RepositoryRemover } from '#core/ports.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';

export interface RemoveDeps {
  readonly store: EnvironmentStore;
  readonly repositories: RepositoryRemover;
  readonly config: Pick<Config, 'environments'>;
  readonly clock: Clock;
}

export function remove({ store, repositories, config, clock }: RemoveDeps): Handle {
  return async (signal, cause) => {
    if (signal.kind !== 'told' && signal.kind !== 'look')
      throw new Rejected(`The remover takes events of ours and looks, not ${signal.kind}.`);
    const key = signal.kind === 'told' ? signal.event.environment : signal.environment;
    const id = environmentId(key);
    const environment = await store.read(key);
    const { life } = environment ?? {};
    if (!environment || life?.state !== 'deleting' || !life.left.includes('repositories'))
      return log.info('its repositories are not to be removed', { environment: id });
    const isConfigured = config.environments.some((entry) => environmentId(entry) === id);
    if (!isConfigured) await repositories.remove(key);
    const kept = isConfigured ? 'stay: the configuration lists it, and its stack keeps them' : undefined;
    const news = { kind: 'part-seen' as const, part: 'repositories' as const, gone: true, kept };
    const decision = next(environment, news, clock.now());
    await commit(store, environment, decision, cause);
    log.info('removed its repositories', { environment: id, ...summaryOf(decision) });
  };
}
