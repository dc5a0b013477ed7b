/** One page of graphs: what the stages measure of themselves (core/measures.ts), and what waits or failed. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { MeasureName } from '#core/measures.ts';
import type { Place } from '../kit/dead-letter-places.ts';

export interface StageDashboardProps {
  /** Stages that read a queue, by the name that they measure under. */
  readonly stages: readonly string[];
  readonly places: readonly Place[];
}

const period = Duration.minutes(5);

export class StageDashboard extends Construct {
  constructor(scope: Construct, id: string, { stages, places }: StageDashboardProps) {
    super(scope, id);
    const dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: `GetSchwifty-${Stack.of(this).region}`,
    });
    const each = (name: MeasureName, statistic: string) =>
      stages.map((stage) => metric(stage, name, statistic));
    dashboard.addWidgets(
      graph('Handled', each('Handled', 'Sum')),
      graph('Rejected and retried', [...each('Rejected', 'Sum'), ...each('Retried', 'Sum')]),
      graph('Age of a message when it was handled, p95 (ms)', each('MessageAge', 'p95')),
    );
    dashboard.addWidgets(
      graph(
        'Verdicts',
        (['VerdictPass', 'VerdictBlock', 'VerdictStale'] as const).map((name) =>
          metric('gate', name, 'Sum', name),
        ),
      ),
      graph('Push to verdict, promotion, rollout, p95 (ms)', [
        metric('gate', 'TimeToVerdict', 'p95', 'verdict'),
        metric('promote', 'PromotionTime', 'p95', 'promotion'),
        metric('deploy', 'RolloutTime', 'p95', 'rollout'),
      ]),
      graph('Incidents', [
        metric('deploy', 'IncidentsOpened', 'Sum', 'opened'),
        metric('deploy', 'IncidentsRecovered', 'Sum', 'recovered'),
      ]),
    );
    dashboard.addWidgets(
      graph(
        'Messages in DLQs',
        places.map(({ name, deadLetters }) =>
          deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: 'Maximum', label: name }),
        ),
      ),
      graph('Sent by the outbox, and not', [
        metric('outbox', 'Sent', 'Sum', 'sent'),
        metric('outbox', 'Unsent', 'Sum', 'unsent'),
      ]),
      graph('Conflicts', [
        new MathExpression({
          expression: 'SUM(METRICS())',
          period,
          label: 'all stages',
          usingMetrics: Object.fromEntries(
            stages.map((stage, i) => [`m${i}`, metric(stage, 'Conflicts', 'Sum')]),
          ),
        }),
      ]),
    );
  }
}

const metric = (stage: string, metricName: MeasureName, statistic: string, label = stage): Metric =>
  new Metric({
    namespace: 'GetSchwifty',
    metricName,
    dimensionsMap: { Stage: stage },
    statistic,
    period,
    label,
  });

const graph = (title: string, left: IMetric[]): GraphWidget =>
  new GraphWidget({ title, left, width: 8, height: 6, liveData: true });
