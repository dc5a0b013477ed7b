/**
 * Entry of a cluster's deployer. It is in the cluster's VPC and can't reach SQS: a message that can't work is retried
 * until its queue moves it to the DLQ, and its reason is in the table, by the message's id.
 */
import { eksToken } from '#adapters/aws/eks-token.ts';
import { KeptSnapshotItems } from '#adapters/aws/kept-snapshots.ts';
import { Table } from '#adapters/aws/table.ts';
import { TransferItems } from '#adapters/aws/transfers.ts';
import { WaiverItems } from '#adapters/aws/waivers.ts';
import { makeHostKey } from '#adapters/host-key.ts';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { Cluster } from '#core/cluster.ts';
import { Policy, Waiver } from '#core/policy.ts';
import * as z from '#core/zod.ts';
import { readConfigByPart, readEnv, systemClock } from '../runtime/environment.ts';
import { queueHandler } from '../runtime/queue.ts';
import { deploy } from './deploy.ts';
import { Env } from './env.ts';

const env = readEnv(Env);
const table = new Table(env.TABLE_NAME);

export const handler = queueHandler(
  deploy({
    store: table,
    waivers: new WaiverItems(env.TABLE_NAME),
    snapshots: new KeptSnapshotItems(env.TABLE_NAME),
    transfers: new TransferItems(env.TABLE_NAME),
    cluster: new KubernetesClient({
      endpoint: env.CLUSTER_ENDPOINT,
      ca: env.CLUSTER_CA,
      token: () => eksToken(env.CLUSTER_NAME),
    }),
    clusterName: env.CLUSTER_NAME,
    registry: env.REGISTRY,
    access: { image: env.ACCESS_IMAGE, url: env.ACCESS_URL },
    makeHostKey,
    config: readConfigByPart(
      z.object({ clusters: z.array(Cluster), policy: Policy, waivers: z.array(Waiver) }),
    ),
    clock: systemClock,
  }),
  { stage: 'deploy', failures: table },
);
