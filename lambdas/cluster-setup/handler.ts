/**
 * Entry of the custom resources that put our own objects into a cluster: the roles that our functions need there, the
 * policy of what images may run, the watcher and the access service. They are applied when a stack is deployed, and again when they changed.
 */
import { eksToken } from '#adapters/aws/eks-token.ts';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { customResource } from '../runtime/custom-resource.ts';
import { readEnv } from '../runtime/environment.ts';
import { Env } from './env.ts';
import { setUp } from './setup.ts';

const env = readEnv(Env);
const cluster = new KubernetesClient({
  endpoint: env.CLUSTER_ENDPOINT,
  ca: env.CLUSTER_CA,
  token: () => eksToken(env.CLUSTER_NAME),
});

export const handler = customResource({
  stage: 'cluster-setup',
  physicalId: ({ ResourceType }) => `${ResourceType.replace('Custom::', '')}-${env.CLUSTER_NAME}`,
  work: (request) => setUp(request, cluster, { clusterName: env.CLUSTER_NAME, registry: env.REGISTRY }),
});
