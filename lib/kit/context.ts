/** What whoever deploys may choose: context keys with their defaults in cdk.json, changed by `cdk deploy -c key=value`. */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import * as z from 'zod';
import { parse } from '#core/errors.ts';

/** `-c key=true` arrives as text. */
const flag = z.union([z.boolean(), z.stringbool()]);
const listed = z.union([
  z.array(z.string()),
  z.string().transform((text) => text.split(',').filter(Boolean)),
]);

const Choices = z.object({
  /** What holds data stays when its stack goes. */
  retain: flag.default(true),
  /** The table refuses to be deleted. */
  deletionProtection: flag.default(true),
  natGateways: z.coerce.number().int().min(1).max(3).default(1),
  /** E-mail addresses and https URLs that the pager tells. */
  pagerSubscriptions: listed.default([]),
  /** Where lib/bundle.ts put the functions. */
  bundles: z.string().default('dist/lambdas'),
});
type Choices = z.infer<typeof Choices>;

export function choicesOf(scope: Construct): Choices {
  const given = Object.keys(Choices.shape).map((key) => [key, scope.node.tryGetContext(key)]);
  return parse(Choices, Object.fromEntries(given), 'the context (cdk.json and -c)');
}

/** The removal policy of whatever holds data. */
export const removalPolicyOf = (scope: Construct): RemovalPolicy =>
  choicesOf(scope).retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
