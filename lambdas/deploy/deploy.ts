/** The deployer of one cluster: brings it to what is released, and says what it sees there. */
import type { Signal } from '#core/aws-events.ts';
import type { Cluster } from '#core/cluster.ts';
import type { Config } from '#core/config.ts';
import { summaryOf } from '#core/decision.ts';
import { type Plan, planOf, repairedBy } from '#core/drift.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { assess, type Health } from '#core/health.ts';
import type { HeldHostKey, NewHostKey } from '#core/host-key-objects.ts';
import { repositoryOf } from '#core/image.ts';
import { next } from '#core/machine.ts';
import { type Digest, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Clock, ClusterClient, ClusterSight, EnvironmentStore } from '#core/ports.ts';
import { isLookedAfter } from '#core/reconcile.ts';
import { wantedDigest } from '#core/release.ts';
import { desiredObjects, type KubernetesObject, type RolloutInput } from '#core/rollout.ts';
import type { Sight } from '#core/sight.ts';
import type { SshInput } from '#core/ssh-pod.ts';
import { standingOf } from '#core/standing.ts';
import { previousOf, wayBack } from '#core/way-back.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';
import { ensureHostKey } from './host-key.ts';

export interface DeployDeps {
  readonly store: EnvironmentStore;
  readonly cluster: ClusterClient;
  readonly clusterName: string;
  readonly registry: string;
  /** For environments with SSH. */
  readonly access: Pick<SshInput, 'image' | 'url'>;
  readonly makeHostKey: () => NewHostKey;
  readonly config: Pick<Config, 'clusters' | 'policy' | 'waivers'>;
  readonly clock: Clock;
}

export function deploy(deps: DeployDeps): Handle {
  return async (signal, cause) => {
    const key = environmentOf(signal, deps.clusterName);
    // A watcher that is alive is heard of by its queue's own metric.
    if (key === undefined) return;
    const environment = await deps.store.read(key);
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
    const health = await bringAndLook(deps, environment, digest);
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

/** Only what differs is applied: a look at what is well writes nothing. */
async function bringAndLook(deps: DeployDeps, environment: Environment, digest: Digest): Promise<Health> {
  const { cluster } = deps;
  const sight = await cluster.look(environment.key);
  const replicas = replicasOf(environment, sight);
  const standing = standingOf(sight.pods, environment.spec);
  const wanted = { digest, replicas, standing };
  const held = environment.spec.access.ssh ? await hostKeyOf(deps, environment.key, sight) : undefined;
  if (typeof held === 'string') return { ...assess(sight), ready: false, problem: held };
  const hostKey = held && { publicKey: held.publicKey, fingerprint: held.fingerprint };
  const plan = planOf(wantedObjects(deps, environment, { ...wanted, held }), sight.objects);
  if (plan.differences.length === 0) return { ...assess(sight), hostKey };
  log.info('the cluster differs', {
    environment: environmentId(environment.key),
    differences: plan.differences,
  });
  const refusal = await carryOut(cluster, plan);
  const seen = assess(await cluster.look(environment.key));
  return refusal === undefined
    ? { ...seen, hostKey, repaired: repairedBy(environment, plan) }
    : { ...seen, hostKey, ready: false, problem: refusal };
}

/** From none the autoscaler never begins: the first pod is ours to ask for. */
function replicasOf({ life }: Environment, { deployment }: Sight): 0 | 1 | undefined {
  if (life.state === 'stopped') return 0;
  return deployment?.spec.replicas === 0 ? 1 : undefined;
}

/** With its namespace goes all that is in it. */
async function takeAway(
  { store, cluster, clock }: DeployDeps,
  environment: Environment,
  cause: string | undefined,
): Promise<void> {
  const { objects } = await cluster.look(environment.key);
  const home = objects.find(({ kind }) => kind === 'Namespace');
  if (home && home.metadata.deletionTimestamp === undefined) await cluster.remove([home]);
  const news = { kind: 'part-seen' as const, part: 'cluster' as const, gone: home === undefined };
  const decision = next(environment, news, clock.now());
  await commit(store, environment, decision, cause);
  log.info('took away the namespace', {
    environment: environmentId(environment.key),
    ...summaryOf(decision),
  });
}

interface Wanted extends Pick<RolloutInput, 'standing'> {
  readonly digest: Digest;
  readonly replicas: 0 | 1 | undefined;
  /** Where it has an SSH server. */
  readonly held: HeldHostKey | undefined;
}

function wantedObjects(
  { registry, config, clusterName, access }: DeployDeps,
  { key, spec }: Environment,
  { digest, replicas, standing, held }: Wanted,
): KubernetesObject[] {
  const { loadBalancerScheme, kubernetesVersion } = clusterIn(config, clusterName);
  const image = `${registry}/${repositoryOf('release', key)}@${digest}`;
  const ssh = held && { ...access, hostKeySecret: held.secret };
  const ofCluster = { loadBalancerScheme, kubernetesVersion };
  return desiredObjects({ key, spec, image, digest, ...ofCluster, ssh, standing, replicas });
}

function clusterIn({ clusters }: DeployDeps['config'], clusterName: string): Cluster {
  const cluster = clusters.find(({ name }) => name === clusterName);
  if (!cluster) throw new Rejected(`The configuration names no cluster ${clusterName}: deploy again.`);
  return cluster;
}

/** @returns why it has none, where a retry can't help. */
async function hostKeyOf(
  { cluster, makeHostKey, config, clusterName }: DeployDeps,
  key: EnvironmentKey,
  { objects }: ClusterSight,
): Promise<HeldHostKey | string> {
  const { kubernetesVersion } = clusterIn(config, clusterName);
  try {
    return await ensureHostKey(cluster, { key, kubernetesVersion, objects, makeHostKey });
  } catch (error) {
    if (error instanceof Rejected) return error.message;
    throw error;
  }
}

/** @returns why the cluster would not, where a retry can't help: that is seen at the environment, and paged in time. */
async function carryOut(cluster: ClusterClient, { apply, remove }: Plan): Promise<string | undefined> {
  try {
    await cluster.apply(apply);
    await cluster.remove(remove);
    return undefined;
  } catch (error) {
    if (error instanceof Rejected) return error.message;
    throw error;
  }
}

/** Read with each look at a rollout, so that the one that fails knows where to go back to. */
async function wayBackOf({ store, config, clock }: DeployDeps, { key, release }: Environment) {
  const previous = previousOf(release);
  const verdict = previous && (await store.verdict(key, previous.digest));
  const { policy, waivers } = config;
  return wayBack(release, { verdict, policy, waivers, now: clock.now() });
}
