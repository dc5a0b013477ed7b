/** Logs are kept for a month, ours as well as those that AWS's services would keep for ever. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { removalPolicyOf } from './context.ts';

/** @param logGroupName only where another service decides it: left behind, it would stop the next stack of that name. */
export function logGroup(scope: Construct, id: string, logGroupName?: string): LogGroup {
  const made = new LogGroup(scope, id, {
    retention: RetentionDays.ONE_MONTH,
    ...(logGroupName === undefined
      ? { removalPolicy: removalPolicyOf(scope) }
      : { removalPolicy: RemovalPolicy.DESTROY, logGroupName }),
  });
  acknowledge(made, {
    'checkov CKV_AWS_158':
      'CloudWatch encrypts it; no secret is logged, and a key of ours could lock us out of it.',
  });
  return made;
}
