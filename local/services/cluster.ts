/** What AWS does inside a cluster: addresses for load balancers, and Container Insights. Follows the node that runs. */
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import * as z from 'zod';
import { connect } from '#local/kubernetes/api.ts';
import { startContainerInsights } from '#local/kubernetes/container-insights.ts';
import { startLoadBalancer } from '#local/kubernetes/load-balancer.ts';
import type { Routes } from '#local/services/http.ts';

interface ClusterOptions {
  readonly clusterName: string;
  readonly loadBalancers: string;
  readonly log: (component: string) => (line: string) => void;
}

const attachSchema = z.object({ kubeconfig: z.string().min(1) });

export function clusterServices({ clusterName, loadBalancers, log }: ClusterOptions): {
  routes: Routes;
  stop(): Promise<void>;
} {
  const cloudWatch = new CloudWatchClient({});
  let stop = async (): Promise<void> => undefined;
  const attach = (kubeconfig: string): void => {
    const api = connect(kubeconfig);
    const loops = [
      startLoadBalancer({ api, range: loadBalancers, log: log('load-balancer') }),
      startContainerInsights({ api, cloudWatch, clusterName, log: log('container-insights') }),
    ];
    stop = async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
      api.close();
    };
  };
  return {
    routes: {
      'POST /node': async (request) => {
        const { kubeconfig } = attachSchema.parse(await request.json());
        await stop();
        attach(kubeconfig);
        return Response.json({ attached: kubeconfig });
      },
    },
    stop: () => stop(),
  };
}
