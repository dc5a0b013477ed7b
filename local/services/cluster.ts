/**
 * What AWS does inside a cluster: addresses for load balancers, volumes, Container Insights, credentials for pods. Follows the
 * node that runs.
 */
import { dirname, join } from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EKSClient } from '@aws-sdk/client-eks';
import { STSClient } from '@aws-sdk/client-sts';
import * as z from '#core/zod.ts';
import { connect, type KubernetesApi } from '#local/kubernetes/api.ts';
import { startContainerInsights } from '#local/kubernetes/container-insights.ts';
import { startLoadBalancer } from '#local/kubernetes/load-balancer.ts';
import { leadPodsToAws, podIdentityHandler } from '#local/kubernetes/pod-identity.ts';
import { serveSnapshots, startSnapshots } from '#local/kubernetes/snapshots.ts';
import { startVolumes } from '#local/kubernetes/volumes.ts';
import type { Routes } from '#local/services/http.ts';

interface ClusterOptions {
  readonly clusterName: string;
  readonly loadBalancers: string;
  /** The emulator, as pods reach it. */
  readonly aws: string;
  readonly log: (component: string) => (line: string) => void;
}

/** In the node's folder, which holds the kubeconfig too. */
const volumesOf = (kubeconfig: string): string => join(dirname(kubeconfig), '..', 'lib', 'volumes');

const attachSchema = z.object({ kubeconfig: z.string().check(z.minLength(1)) });

export function clusterServices({ clusterName, loadBalancers, aws, log }: ClusterOptions): {
  routes: Routes;
  stop(): Promise<void>;
} {
  const cloudWatch = new CloudWatchClient({});
  let stop = async (): Promise<void> => undefined;
  let current: KubernetesApi | undefined;
  const attach = async (kubeconfig: string): Promise<void> => {
    const api = connect(kubeconfig);
    await leadPodsToAws(api, aws);
    await serveSnapshots(api);
    current = api;
    const loops = [
      startLoadBalancer({ api, range: loadBalancers, log: log('load-balancer') }),
      startSnapshots({ api, folder: volumesOf(kubeconfig), log: log('snapshots') }),
      startVolumes({ api, folder: volumesOf(kubeconfig), log: log('volumes') }),
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
        await attach(kubeconfig);
        return Response.json({ attached: kubeconfig });
      },
      'GET /v1/credentials': podIdentityHandler({
        api: () => current,
        eks: new EKSClient({}),
        sts: new STSClient({}),
        clusterName,
        log: log('pod-identity'),
      }),
    },
    stop: () => stop(),
  };
}
