/** What Container Insights sees of the clusters themselves. Environments are seen by the deployer, stages alarm for themselves. */
import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { alarm } from '../kit/alarm.ts';

export interface ClusterAlarmsProps {
  readonly clusterNames: readonly string[];
  readonly pager: ITopic;
}

export class ClusterAlarms extends Construct {
  constructor(scope: Construct, id: string, { clusterNames, pager }: ClusterAlarmsProps) {
    super(scope, id);
    for (const ClusterName of clusterNames) {
      const metric = (metricName: string) =>
        new Metric({
          namespace: 'ContainerInsights',
          metricName,
          dimensionsMap: { ClusterName },
          statistic: 'Maximum',
          period: Duration.minutes(1),
        });
      alarm(this, `FailedNodes-${ClusterName}`, {
        metric: metric('cluster_failed_node_count'),
        threshold: 1,
        evaluationPeriods: 5,
        seen: `A node of cluster ${ClusterName} is not healthy.`,
        impact: 'Its environments run on fewer nodes, or wait for one.',
        runbook: 'cluster',
        pager,
      });
      alarm(this, `Disk-${ClusterName}`, {
        metric: metric('node_filesystem_utilization'),
        threshold: 85,
        evaluationPeriods: 5,
        seen: `A disk of a node of cluster ${ClusterName} is nearly full.`,
        impact: 'Pods will be evicted from that node.',
        runbook: 'cluster',
        pager,
      });
    }
  }
}
