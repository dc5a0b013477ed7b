/**
 * Environment variables of a cluster's deployer. It is in the cluster's VPC and reaches DynamoDB, S3 and the cluster,
 * nothing else: what it needs of AWS's other services is given here.
 */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  CLUSTER_NAME: z.string().check(z.minLength(1)),
  CLUSTER_ENDPOINT: z.url(),
  /** Base64 of the PEM, as EKS gives it. */
  CLUSTER_CA: z.base64(),
  REGISTRY: z.string().check(z.minLength(1)),
  /** What gives environments SSH, by its digest. */
  ACCESS_IMAGE: z.string().check(z.regex(/@sha256:[0-9a-f]{64}$/, 'an image by its digest')),
  /** The service that their gates ask. */
  ACCESS_URL: z.url(),
});
