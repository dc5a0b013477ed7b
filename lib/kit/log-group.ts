/** Logs are kept for a month, ours as well as those that AWS's services would keep for ever. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { removalPolicyOf } from './context.ts';

/** @param logGroupName only where another service decides it: left behind, it would stop the next stack of that name. */
export const logGroup = (scope: Construct, id: string, logGroupName?: string): LogGroup =>
  new LogGroup(scope, id, {
    retention: RetentionDays.ONE_MONTH,
    ...(logGroupName === undefined
      ? { removalPolicy: removalPolicyOf(scope) }
      : { removalPolicy: RemovalPolicy.DESTROY, logGroupName }),
  });
