/** Environment variables of the access service: lambdas/cluster-setup writes them, Kubernetes and EKS Pod Identity add theirs. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  AWS_REGION: z.string().check(z.minLength(1)),
  CLUSTER_NAME: z.string().check(z.minLength(1)),
  PORT: z.coerce.number().check(z.int()),
  /** Given to every container by Kubernetes. */
  KUBERNETES_SERVICE_HOST: z.string().check(z.minLength(1)),
  KUBERNETES_SERVICE_PORT: z.coerce.number().check(z.int()),
});
