/** A heartbeat with a namespace of its own, and its ear, on whatever answers CloudWatch's API. */
import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  GetMetricStatisticsCommand,
} from '@aws-sdk/client-cloudwatch';
import { MetricHeartbeat } from '#adapters/aws/heartbeat.ts';
import { accessHeartbeat } from '#core/access.ts';
import type { HeartbeatUnderTest } from './heartbeat.ts';

const day = 86_400;

export function metricHeartbeat(sdk: CloudWatchClientConfig, Namespace: string): HeartbeatUnderTest {
  const client = new CloudWatchClient(sdk);
  const { metric: MetricName } = accessHeartbeat;
  return {
    heartbeat: new MetricHeartbeat(Namespace, MetricName, client),
    heard: () => heardIn(client, Namespace),
  };
}

export async function heardIn(client: CloudWatchClient, Namespace: string): Promise<number> {
  const command = new GetMetricStatisticsCommand({
    ...{ Namespace, MetricName: accessHeartbeat.metric, Period: day, Statistics: ['Sum'] },
    ...{ StartTime: new Date(Date.now() - day * 1_000), EndTime: new Date(Date.now() + day * 1_000) },
  });
  const { Datapoints = [] } = await client.send(command);
  return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
}
