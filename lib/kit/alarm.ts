/** An alarm says who is hurt and where to read what to do; it goes straight to the pager's topic. */
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export interface AlarmProps {
  readonly metric: IMetric;
  /** It alarms at this value and above, or where `below` is set, at what is less. */
  readonly threshold: number;
  readonly below?: boolean;
  readonly evaluationPeriods?: number;
  /** Of a metric that only who is alive sends: that there is none is what it rings for. Elsewhere it is well. */
  readonly silenceRings?: boolean;
  /** What was seen: "messages are in the DLQ". */
  readonly seen: string;
  /** Who is hurt. */
  readonly impact: string;
  /** The name of a file in docs/runbooks/. */
  readonly runbook: string;
  readonly pager: ITopic;
}

export function alarm(scope: Construct, id: string, props: AlarmProps): Alarm {
  const made = new Alarm(scope, id, {
    metric: props.metric,
    threshold: props.threshold,
    evaluationPeriods: props.evaluationPeriods ?? 1,
    comparisonOperator: props.below
      ? ComparisonOperator.LESS_THAN_THRESHOLD
      : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: props.silenceRings ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    alarmDescription: `${props.seen} ${props.impact} Runbook: docs/runbooks/${props.runbook}.md`,
  });
  made.addAlarmAction(new SnsAction(props.pager));
  made.addOkAction(new SnsAction(props.pager));
  return made;
}
