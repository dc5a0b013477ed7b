/** What each custom resource puts into the cluster, tried again for as long as an access entry takes to be known. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, Rejected } from '#core/errors.ts';
import type { ClusterClient } from '#core/ports.ts';
import type { KubernetesObject } from '#core/rollout.ts';
import type { Request } from '../runtime/custom-resource.ts';
import { log } from '../runtime/log.ts';
import { rolesResource, watcherResource } from './env.ts';
import { imagePolicies } from './image-policy.ts';
import { namespacePolicy } from './namespace-policy.ts';
import { clusterObjects } from './roles.ts';
import { WatcherProperties, watcherObjects } from './watcher.ts';

type Cluster = Pick<ClusterClient, 'apply'> & { remove(objects: readonly KubernetesObject[]): Promise<void> };

interface Place {
  readonly clusterName: string;
  /** Host name of the only registry that environments' images come from. */
  readonly registry: string;
}

const attempts = 12;
const defaultPauseMs = 5_000;

/** @throws why it failed at last. */
export async function setUp(
  request: Pick<Request, 'RequestType' | 'ResourceType' | 'ResourceProperties'>,
  cluster: Cluster,
  { clusterName, registry }: Place,
  pauseMs = defaultPauseMs,
): Promise<void> {
  const deleted = request.RequestType === 'Delete';
  if (request.ResourceType === rolesResource) {
    // With the cluster they go too.
    const objects = [...clusterObjects, ...imagePolicies(registry), ...namespacePolicy];
    if (!deleted) await again(() => cluster.apply(objects), pauseMs);
    return;
  }
  if (request.ResourceType !== watcherResource)
    throw new Rejected(`Cluster set-up makes no ${request.ResourceType}.`);
  const properties = parse(WatcherProperties, request.ResourceProperties, 'the properties of the watcher');
  const objects = watcherObjects(clusterName, properties);
  await again(() => (deleted ? cluster.remove(objects.toReversed()) : cluster.apply(objects)), pauseMs);
}

async function again(work: () => Promise<void>, pauseMs: number, left = attempts): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.error('the cluster was not set up', error, { left });
    if (left <= 1 || error instanceof Rejected) throw error;
    await sleep(pauseMs);
    await again(work, pauseMs, left - 1);
  }
}
