/**
 * Entry of a cluster's keeper of slots. It is in the cluster's VPC and can't reach SQS: a message that can't work is retried
 * until its queue moves it to the DLQ, and its reason is in the table, by the message's id.
 */
import { eksToken } from '#adapters/aws/eks-token.ts';
import { SlotItems } from '#adapters/aws/slot-items.ts';
import { Table } from '#adapters/aws/table.ts';
import { KubernetesJobCluster } from '#adapters/kubernetes/job-cluster.ts';
import { Cluster } from '#core/cluster.ts';
import { Rejected } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { readConfig, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { Env } from './env.ts';
import { jobSlots } from './slots.ts';

const env = readEnv(Env);
const { clusters } = readConfig(z.object({ clusters: z.array(Cluster) }));
const cluster = clusters.find(({ name }) => name === env.CLUSTER_NAME);
if (!cluster) throw new Rejected(`The configuration names no cluster ${env.CLUSTER_NAME}: deploy again.`);

export const handler = queueHandler(
  jobSlots({
    slots: new SlotItems(env.TABLE_NAME),
    cluster: new KubernetesJobCluster({
      endpoint: env.CLUSTER_ENDPOINT,
      ca: env.CLUSTER_CA,
      token: () => eksToken(env.CLUSTER_NAME),
    }),
    clusterName: env.CLUSTER_NAME,
    place: {
      kubernetesVersion: cluster.kubernetesVersion,
      workerImage: env.WORKER_IMAGE,
      architecture: env.WORKER_ARCHITECTURE,
      region: env.REGION,
      endpoints: cluster.awsEndpoints ?? [],
    },
    clock: systemClock,
  }),
  { stage: 'job-slots', failures: new Table(env.TABLE_NAME) },
);
