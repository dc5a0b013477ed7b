/** The deployer of one cluster: brings it to what is released, and says what it sees there. */
import type { Signal } from '#core/aws-events.ts';
import type { Config } from '#core/config.ts';
import { summaryOf } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { assess } from '#core/health.ts';
import { repositoryOf } from '#core/image.ts';
import { next } from '#core/machine.ts';
import { type Digest, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Clock, ClusterClient, EnvironmentStore } from '#core/ports.ts';
import { isLookedAfter } from '#core/reconcile.ts';
import { wantedDigest } from '#core/release.ts';
import { desiredObjects, type KubernetesObject } from '#core/rollout.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';

export interface DeployDeps {
  readonly store: EnvironmentStore;
  readonly cluster: ClusterClient;
  readonly clusterName: string;
  readonly registry: string;
  readonly config: Pick<Config, 'clusters'>;
  readonly clock: Clock;
}

export function deploy(deps: DeployDeps): Handle {
  return async (signal) => {
    const key = environmentOf(signal, deps.clusterName);
    // A watcher that is alive is heard of by its queue's own metric.
    if (key === undefined) return;
    const environment = await deps.store.read(key);
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
    const health = await bringAndLook(deps, environment, digest);
    const decision = next(environment, { kind: 'observed', health }, deps.clock.now());
    if (decision.outcome === 'changed') await deps.store.write(decision);
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

/** Applied only where the cluster wants something else or lacks a part: a look at what is well changes nothing. */
async function bringAndLook(
  { cluster, registry, config, clusterName }: DeployDeps,
  environment: Environment,
  digest: Digest,
) {
  const { key, spec } = environment;
  const sight = await cluster.look(key);
  const health = assess(sight);
  if (health.digest === digest && sight.service !== undefined) return health;
  const scheme =
    config.clusters.find((entry) => entry.name === clusterName)?.loadBalancerScheme ?? 'internal';
  const image = `${registry}/${repositoryOf('release', key)}@${digest}`;
  const refusal = await apply(
    cluster,
    desiredObjects({ key, spec, image, digest, loadBalancerScheme: scheme }),
  );
  const seen = assess(await cluster.look(key));
  return refusal === undefined ? seen : { ...seen, ready: false, problem: refusal };
}

/** @returns why the cluster would not, where a retry can't help: that is seen at the environment, and paged in time. */
async function apply(
  cluster: ClusterClient,
  objects: readonly KubernetesObject[],
): Promise<string | undefined> {
  try {
    await cluster.apply(objects);
    return undefined;
  } catch (error) {
    if (error instanceof Rejected) return error.message;
    throw error;
  }
}
