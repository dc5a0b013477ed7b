/** Environment variables of the custom resource that gives a new cluster the roles our functions need in it. */
import * as z from 'zod';

export const Env = z.object({
  CLUSTER_NAME: z.string().min(1),
  CLUSTER_ENDPOINT: z.url(),
  CLUSTER_CA: z.base64(),
});

/** The Kubernetes group of every deployer: named by its access entry, bound to its role in the cluster. */
export const deployersGroup = 'getschwifty:deployers';

/** The types of its custom resources. */
export const rolesResource = 'Custom::ClusterSetup';
export const watcherResource = 'Custom::Watcher';

/** Who the watcher is in the cluster: EKS Pod Identity gives its role to this service account alone. */
export const watcherAccount = { namespace: 'getschwifty-system', name: 'watcher' };
