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
});
