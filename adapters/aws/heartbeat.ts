/** Heartbeats as a metric: one datapoint each, in a namespace that is whose heart it is. */
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { Heartbeat } from '#core/access-ports.ts';
import { retryable } from './errors.ts';

export class MetricHeartbeat implements Heartbeat {
  readonly #namespace: string;
  readonly #metric: string;
  readonly #client: CloudWatchClient;

  constructor(namespace: string, metric: string, client: CloudWatchClient = new CloudWatchClient({})) {
    this.#namespace = namespace;
    this.#metric = metric;
    this.#client = client;
  }

  async beat(): Promise<void> {
    const MetricData = [{ MetricName: this.#metric, Value: 1, Unit: 'Count' as const }];
    const command = new PutMetricDataCommand({ Namespace: this.#namespace, MetricData });
    await retryable('PutMetricData', () => this.#client.send(command));
  }
}
