/** Brings a cluster to what an environment wants, and says what it sees there then. */
import { type Cluster, certificateOf } from '#core/cluster.ts';
import { type Plan, planOf, repairedBy } from '#core/drift.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { schemeOf } from '#core/exposure.ts';
import { assess, type Health } from '#core/health.ts';
import type { HeldHostKey } from '#core/host-key-objects.ts';
import { repositoryOf } from '#core/image.ts';
import type { KeptSnapshot } from '#core/kept-snapshot.ts';
import { type Digest, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { ClusterClient, ClusterSight } from '#core/ports.ts';
import { desiredObjects, type KubernetesObject, type RolloutInput } from '#core/rollout.ts';
import type { Sight } from '#core/sight.ts';
import type { Spec } from '#core/spec.ts';
import { standingOf } from '#core/standing.ts';
import { classOf } from '#core/volume-class.ts';
import { log } from '../runtime/log.ts';
import type { DeployDeps } from './deps.ts';
import { fill } from './fill.ts';
import { ensureHostKey } from './host-key.ts';
import { resized } from './resize.ts';

const resizing = 'Its pods are being resized. Nothing to do yet.';

/** Only what differs is applied: a look at what is well writes nothing. @param source what its volume is made from. */
export async function bringAndLook(
  deps: DeployDeps,
  environment: Environment,
  digest: Digest,
  source: KeptSnapshot | undefined,
): Promise<Health> {
  const { health, objects } = await brought(deps, environment, digest);
  return { ...health, ...(await fill(deps, environment, objects, source)) };
}

interface Brought {
  readonly health: Health;
  /** As they were seen last. */
  readonly objects: ClusterSight['objects'];
}

async function brought(deps: DeployDeps, environment: Environment, digest: Digest): Promise<Brought> {
  const { cluster } = deps;
  const sight = await cluster.look(environment.key);
  const { objects } = sight;
  const replicas = replicasOf(environment, sight);
  const standing = standingOf(sight.pods, environment.spec);
  const wanted = { digest, replicas, standing };
  const held = environment.spec.access.ssh ? await hostKeyOf(deps, environment.key, sight) : undefined;
  if (typeof held === 'string') return { health: { ...assess(sight), ready: false, problem: held }, objects };
  const hostKey = held && { publicKey: held.publicKey, fingerprint: held.fingerprint };
  const desired = wantedObjects(deps, environment, { ...wanted, held });
  const whole = planOf(desired, sight.objects);
  const { plan, after: then, underWay, told } = await resized(deps, environment, desired, sight, whole);
  if (plan.differences.length === 0 && !underWay && told === undefined) {
    await then();
    return { health: { ...assess(sight), hostKey }, objects };
  }
  log.info('the cluster differs', {
    environment: environmentId(environment.key),
    differences: plan.differences,
  });
  const refusal = await carryOut(cluster, plan, then);
  const after = await cluster.look(environment.key);
  const seen = { ...assess(after), hostKey, resized: told };
  const says = (parts: Partial<Health>): Brought => ({
    health: { ...seen, ...parts },
    objects: after.objects,
  });
  if (refusal !== undefined) return says({ ready: false, problem: refusal });
  if (underWay) return says({ ready: false, problem: resizing });
  return says({ repaired: repairedBy(environment, plan) });
}

/** From none the autoscaler never begins: the first pod is ours to ask for. */
function replicasOf({ life }: Environment, { deployment }: Sight): 0 | 1 | undefined {
  if (life.state === 'stopped') return 0;
  return deployment?.spec.replicas === 0 ? 1 : undefined;
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
  const cluster = clusterIn(config, clusterName);
  const { kubernetesVersion, drainSeconds } = cluster;
  const place = {
    loadBalancerScheme: schemeOf(spec.access, cluster),
    kubernetesVersion,
    drainSeconds,
    certificate: certificateOf(cluster, key.team),
    storageClass: storageClassOf(cluster, spec),
  };
  const image = `${registry}/${repositoryOf('release', key)}@${digest}`;
  const ssh = held && { ...access, hostKeySecret: held.secret };
  return desiredObjects({ key, spec, image, digest, ...place, ssh, standing, replicas });
}

function storageClassOf({ name, volumes }: Cluster, { volume }: Spec): string | undefined {
  const known = volume && classOf(volume, volumes);
  if (volume && !known)
    throw new Rejected(
      `The configuration of cluster ${name} has no volumes of class ${volume.class} any more: put it back.`,
    );
  return known?.storageClass;
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
async function carryOut(
  cluster: ClusterClient,
  { apply, remove }: Plan,
  after: () => Promise<void>,
): Promise<string | undefined> {
  try {
    await cluster.apply(apply);
    await cluster.remove(remove);
    await after();
    return undefined;
  } catch (error) {
    if (error instanceof Rejected) return error.message;
    throw error;
  }
}
