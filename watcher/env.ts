/** Environment variables of the watcher: lambdas/cluster-setup writes them, Kubernetes and EKS Pod Identity add theirs. */
import * as z from 'zod';

export const Env = z.object({
  CLUSTER_NAME: z.string().min(1),
  QUEUE_URL: z.url(),
  AWS_REGION: z.string().min(1),
  /** Given to every container by Kubernetes. */
  KUBERNETES_SERVICE_HOST: z.string().min(1),
  KUBERNETES_SERVICE_PORT: z.coerce.number().int(),
  /** Where the kubelet asks how it is. */
  HEALTH_PORT: z.coerce.number().int().default(8080),
});
