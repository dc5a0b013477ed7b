/** What each custom resource puts into the cluster, tried again for as long as an access entry takes to be known. */
import { setTimeout as sleep } from 'node:timers/promises';
import { accessService } from '#core/access.ts';
import { parse, Rejected } from '#core/errors.ts';
import type { ClusterClient } from '#core/ports.ts';
import type { KubernetesObject } from '#core/rollout.ts';
import type { Request } from '../runtime/custom-resource.ts';
import { log } from '../runtime/log.ts';
import { AccessProperties, accessObjects } from './access.ts';
import { accessAccount, accessResource, jobsResource, rolesResource, watcherResource } from './env.ts';
import { imagePolicies, jobImagePolicies } from './image-policy.ts';
import { namespacePolicy } from './namespace-policy.ts';
import { clusterObjects } from './roles.ts';
import { JobsProperties } from './slot-keepers.ts';
import { systemObjects } from './system.ts';
import { WatcherProperties, watcherObjects } from './watcher.ts';

type Cluster = Pick<ClusterClient, 'apply'> & {
  remove(objects: readonly KubernetesObject[]): Promise<void>;
  serviceAddress(namespace: string, name: string): Promise<string>;
};

interface Place {
  readonly clusterName: string;
  /** Host name of the only registry that environments' images come from. */
  readonly registry: string;
}

const attempts = 12;
const defaultPauseMs = 5_000;

type Asked = Pick<Request, 'RequestType' | 'ResourceType' | 'ResourceProperties' | 'OldResourceProperties'>;
/** What the deployment may read of the resource. */
type Attributes = Readonly<Record<string, string>>;

/** @throws why it failed at last. */
export async function setUp(
  request: Asked,
  cluster: Cluster,
  place: Place,
  pauseMs = defaultPauseMs,
): Promise<Attributes | undefined> {
  const deleted = request.RequestType === 'Delete';
  switch (request.ResourceType) {
    case rolesResource:
      // With the cluster they go too.
      if (!deleted) await again(() => cluster.apply([...clusterObjects, ...namespacePolicy]), pauseMs);
      return undefined;
    case watcherResource: {
      const properties = parse(
        WatcherProperties,
        request.ResourceProperties,
        'the properties of the watcher',
      );
      const objects = watcherObjects(place.clusterName, properties);
      const work = () =>
        deleted ? cluster.remove(objects.toReversed()) : cluster.apply([...systemObjects, ...objects]);
      await again(work, pauseMs);
      return undefined;
    }
    case accessResource:
      return setUpAccess(request, cluster, place, pauseMs);
    case jobsResource: {
      const { Image } = parse(JobsProperties, request.ResourceProperties, 'the properties of jobs');
      // Slots of the image before are filled until their keeper has the new one. The policies stay, as those of environments do.
      const before = JobsProperties.safeParse(request.OldResourceProperties).data?.Image ?? Image;
      const policies = jobImagePolicies(place.registry, [...new Set([Image, before])]);
      if (!deleted) await again(() => cluster.apply(policies), pauseMs);
      return undefined;
    }
    default:
      throw new Rejected(`Cluster set-up makes no ${request.ResourceType}.`);
  }
}

/** The service that gates ask, and what images may run: those released, and the one that gates are of. */
async function setUpAccess(
  { RequestType, ResourceProperties, OldResourceProperties }: Asked,
  cluster: Cluster,
  { clusterName, registry }: Place,
  pauseMs: number,
): Promise<Attributes | undefined> {
  const properties = parse(AccessProperties, ResourceProperties, 'the properties of the access service');
  const objects = accessObjects(clusterName, properties);
  if (RequestType === 'Delete') {
    // The policies stay: what runs is still not to be replaced by anything else.
    await again(() => cluster.remove(objects.toReversed()), pauseMs);
    return undefined;
  }
  // Pods of the image before are made anew for as long as their environments were not looked at.
  const before = AccessProperties.safeParse(OldResourceProperties).data?.Image;
  const policies = imagePolicies(registry, [...new Set([properties.Image, before ?? properties.Image])]);
  await again(() => cluster.apply([...systemObjects, ...policies, ...objects]), pauseMs);
  const { namespace, name } = accessAccount;
  const address = await again(() => cluster.serviceAddress(namespace, name), pauseMs);
  const host = address.includes(':') ? `[${address}]` : address;
  return { Url: `http://${host}:${accessService.port}` };
}

async function again<T>(work: () => Promise<T>, pauseMs: number, left = attempts): Promise<T> {
  try {
    return await work();
  } catch (error) {
    log.error('the cluster was not set up', error, { left });
    if (left <= 1 || error instanceof Rejected) throw error;
    await sleep(pauseMs);
    return again(work, pauseMs, left - 1);
  }
}
