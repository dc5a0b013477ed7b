/** Environment variables of the watcher: lambdas/cluster-setup writes them, Kubernetes and EKS Pod Identity add theirs. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  CLUSTER_NAME: z.string().check(z.minLength(1)),
  QUEUE_URL: z.url(),
  AWS_REGION: z.string().check(z.minLength(1)),
  /** Given to every container by Kubernetes. */
  KUBERNETES_SERVICE_HOST: z.string().check(z.minLength(1)),
  KUBERNETES_SERVICE_PORT: z.coerce.number().check(z.int()),
  /** Where the kubelet asks how it is. */
  HEALTH_PORT: z._default(z.coerce.number().check(z.int()), 8080),
});
