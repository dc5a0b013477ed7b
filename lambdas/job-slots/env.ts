/** Environment variables of a cluster's keeper of slots. It is in the cluster's VPC, as the deployer is, and reaches as little. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  CLUSTER_NAME: z.string().check(z.minLength(1)),
  CLUSTER_ENDPOINT: z.url(),
  /** Base64 of the PEM, as EKS gives it. */
  CLUSTER_CA: z.base64(),
  REGION: z.string().check(z.minLength(1)),
  /** The worker and its shim, by their digest. */
  WORKER_IMAGE: z.string().check(z.regex(/@sha256:[0-9a-f]{64}$/, 'an image by its digest')),
  /** Of that image, as Kubernetes calls it. */
  WORKER_ARCHITECTURE: z.enum(['amd64', 'arm64']),
});
