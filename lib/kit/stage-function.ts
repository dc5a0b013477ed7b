/** The function of a stage of the flow. There is none without a sentence that says who is hurt when it does not run. */
import { Duration } from 'aws-cdk-lib';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type * as z from '#core/zod.ts';
import { alarm } from './alarm.ts';
import { BundledFunction, type BundledFunctionProps } from './bundled-function.ts';

export interface StageFunctionProps<S extends z.ZodMiniObject> extends BundledFunctionProps<S> {
  readonly impact: string;
  readonly pager: ITopic;
}

export class StageFunction<S extends z.ZodMiniObject = z.ZodMiniObject> extends BundledFunction<S> {
  constructor(scope: Construct, id: string, props: StageFunctionProps<S>) {
    super(scope, id, props);
    alarm(this, 'Errors', {
      metric: this.lambda.metricErrors({ period: Duration.minutes(5) }),
      threshold: 1,
      seen: `The function of ${props.name} failed.`,
      impact: props.impact,
      runbook: props.name,
      pager: props.pager,
    });
  }
}
