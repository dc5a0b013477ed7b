/** The deployer of one cluster: brings it to what is released, and says what it sees there. */
import type { Signal } from '#core/aws-events.ts';
import { summaryOf } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { isLookedAfter } from '#core/reconcile.ts';
import { wantedDigest } from '#core/release.ts';
import { previousOf, wayBack } from '#core/way-back.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';
import { waiversOf } from '../runtime/waivers.ts';
import { bringAndLook } from './bring.ts';
import type { DeployDeps } from './deps.ts';
import { withoutDropped } from './drop.ts';
import { fillingFor } from './fill.ts';
import { withMoved } from './move.ts';
import { takeAway } from './take-away.ts';

export function deploy(deps: DeployDeps): Handle {
  return async (signal, cause) => {
    const key = environmentOf(signal, deps.clusterName);
    // A watcher that is alive is heard of by its queue's own metric.
    if (key === undefined) return;
    const found = await withoutDropped(deps, await deps.store.read(key), cause);
    const environment = await withMoved(deps, found, cause);
    if (environment?.life.state === 'deleting' && environment.cluster === deps.clusterName)
      return takeAway(deps, environment, cause);
    const digest = environment && wantedDigest(environment);
    if (!environment || digest === undefined) {
      return log.info('nothing is released', { environment: environmentId(key) });
    }
    if (environment.cluster !== deps.clusterName) {
      throw new Rejected(
        `${environmentId(key)} lives in cluster ${environment.cluster}, this is ${deps.clusterName}.`,
      );
    }
    if (signal.kind === 'look' && isLookedAfter(environment.release, deps.clock.now())) return;
    const source = await fillingFor(deps, environment);
    if (source?.state === 'to-come')
      return log.info('its volume is to come', { environment: environmentId(key) });
    const health = await bringAndLook(deps, environment, digest, source?.snapshot);
    const back = await wayBackOf(deps, environment);
    const decision = next(environment, { kind: 'observed', health, back }, deps.clock.now());
    await commit(deps.store, environment, decision, cause);
    log.info('looked', { environment: environmentId(key), ...summaryOf(decision) });
  };
}

function environmentOf(signal: Signal, clusterName: string): EnvironmentKey | undefined {
  switch (signal.kind) {
    case 'look':
      return signal.environment;
    case 'told':
      return signal.event.environment;
    case 'seen':
    case 'alive':
      if (signal.cluster !== clusterName)
        throw new Rejected(`A watcher speaks for cluster ${signal.cluster}, this is ${clusterName}.`);
      return signal.kind === 'seen' ? signal.environment : undefined;
    default:
      throw new Rejected(
        `The deployer takes promotions, looks and sights, not ${signal.kind}: is a rule's pattern too wide?`,
      );
  }
}

/** Read with each look at a rollout, so that the one that fails knows where to go back to. */
async function wayBackOf(deps: DeployDeps, { key, release }: Environment) {
  const { store, config, clock } = deps;
  const previous = previousOf(release);
  const verdict = previous && (await store.verdict(key, previous.digest));
  const { policy } = config;
  const waivers = previous ? await waiversOf(deps, key.team) : [];
  return wayBack(release, { verdict, policy, waivers, now: clock.now() });
}
