/**
 * Publishes the node's and the pods' real figures as Container Insights' metrics, in the place of the Amazon
 * CloudWatch Observability add-on's agent, so that the stacks' alarms fire for real.
 */
import { type CloudWatchClient, type MetricDatum, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { KubernetesApi } from './api.ts';
import { type Datum, metricsOf, type Restarts, restartsOf } from './insights-metrics.ts';
import { takeSnapshot } from './insights-snapshot.ts';
import { type Loop, repeat } from './loop.ts';

interface ContainerInsightsOptions {
  readonly api: KubernetesApi;
  readonly cloudWatch: CloudWatchClient;
  readonly clusterName: string;
  readonly log: (message: string) => void;
}

/** The agent's period is a minute; nobody wants to wait that long in a demo. */
const period = 10_000;
/** PutMetricData takes 1,000. */
const batch = 500;

export function startContainerInsights(options: ContainerInsightsOptions): Loop {
  const { api, cloudWatch, clusterName, log } = options;
  let before: Restarts = new Map();
  return repeat(
    period,
    async () => {
      const snapshot = await takeSnapshot(api, clusterName);
      const data = metricsOf(snapshot, before);
      before = restartsOf(snapshot.pods);
      const now = new Date();
      for (let start = 0; start < data.length; start += batch) {
        const MetricData = data.slice(start, start + batch).map((datum) => toMetricDatum(datum, now));
        await cloudWatch.send(new PutMetricDataCommand({ Namespace: 'ContainerInsights', MetricData }));
      }
    },
    log,
  );
}

const toMetricDatum = ({ name, value, unit, dimensions }: Datum, now: Date): MetricDatum => ({
  MetricName: name,
  Value: value,
  Unit: unit,
  Timestamp: now,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});
