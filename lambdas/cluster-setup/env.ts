/** Environment variables of the custom resource that gives a new cluster our functions' roles, and its image policy. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  CLUSTER_NAME: z.string().check(z.minLength(1)),
  CLUSTER_ENDPOINT: z.url(),
  CLUSTER_CA: z.base64(),
  /** The host of our images, as it stands in a pod's `image`. */
  REGISTRY: z.string().check(z.regex(/^[a-z0-9.-]+(?::\d+)?$/, 'a host, with its port where it has one')),
});

/** The Kubernetes group of every deployer: named by its access entry, bound to its role in the cluster. */
export const deployersGroup = 'getschwifty:deployers';

/** The same of those who keep the slots of data jobs. */
export const slotKeepersGroup = 'getschwifty:slot-keepers';

/** The types of its custom resources. */
export const rolesResource = 'Custom::ClusterSetup';
export const watcherResource = 'Custom::Watcher';
export const accessResource = 'Custom::Access';
export const jobsResource = 'Custom::Jobs';

/** Where our own programs run. */
export const systemNamespace = 'getschwifty-system';

/** Who they are in the cluster: EKS Pod Identity gives the role of each to its service account alone. */
export const watcherAccount = { namespace: systemNamespace, name: 'watcher' };
export const accessAccount = { namespace: systemNamespace, name: 'access' };
