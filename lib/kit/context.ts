/** What whoever deploys may choose: context keys with their defaults in cdk.json, changed by `cdk deploy -c key=value`. */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { parse } from '#core/errors.ts';
import * as z from '#core/zod.ts';

/** `-c key=true` arrives as text. */
const flag = z.union([z.boolean(), z.stringbool()]);
const listed = z.union([
  z.array(z.string()),
  z.pipe(
    z.string(),
    z.transform((text) => text.split(',').filter(Boolean)),
  ),
]);

/** Docker's official image, from a registry that every account reaches without an account of Docker's. */
const nodeImage =
  'public.ecr.aws/docker/library/node:24.18.0-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d';

const Choices = z.object({
  /** What holds data stays when its stack goes. */
  retain: z._default(flag, true),
  /** The table refuses to be deleted. */
  deletionProtection: z._default(flag, true),
  natGateways: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(3)), 1),
  /** E-mail addresses and https URLs that the pager tells. */
  pagerSubscriptions: z._default(listed, []),
  /** An image with Node that those of the watcher and of the gates are made from: by digest, of an index for both architectures. */
  watcherBase: z._default(
    z.string().check(z.regex(/^oci:|@sha256:[0-9a-f]{64}$/, 'an image by its digest')),
    nodeImage,
  ),
  /** An image of Debian 12 that OpenSSH is taken from for environments, by digest: Node's own is one. */
  debianBase: z._default(
    z.string().check(z.regex(/^oci:|@sha256:[0-9a-f]{64}$/, 'an image by its digest')),
    nodeImage,
  ),
  /** Of the nodes that the watcher runs on: EKS Auto Mode's general-purpose pool is amd64. */
  architecture: z._default(z.enum(['amd64', 'arm64']), 'amd64'),
  /** Where lib/bundle.ts put the functions, and the watcher beside them. */
  bundles: z._default(z.string(), 'dist/lambdas'),
});
type Choices = z.infer<typeof Choices>;

export function choicesOf(scope: Construct): Choices {
  const given = Object.keys(Choices.shape).map((key) => [key, scope.node.tryGetContext(key)]);
  return parse(Choices, Object.fromEntries(given), 'the context (cdk.json and -c)');
}

/** The removal policy of whatever holds data. */
export const removalPolicyOf = (scope: Construct): RemovalPolicy =>
  choicesOf(scope).retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
