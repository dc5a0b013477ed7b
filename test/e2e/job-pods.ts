/**
 * A data job in the local cluster with nobody to start it but a test: its queue, its identity, and the slots that a plan wants, as
 * often as it is asked. Its workers are as in an account: their image, their role, their namespace.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreatePodIdentityAssociationCommand, EKSClient } from '@aws-sdk/client-eks';
import { ChunkItems } from '#adapters/aws/chunk-items.ts';
import type { ChunkState } from '#core/jobs/chunk.ts';
import type { DatasetObject, Records } from '#core/jobs/dataset.ts';
import { chunksOf, planChunks } from '#core/jobs/plan.ts';
import type { SlotsPlace } from '#core/jobs/slot-objects.ts';
import { planSlots } from '#core/jobs/slot-plan.ts';
import { SlotJob, SlotPod, type SlotsSight } from '#core/jobs/slot-sight.ts';
import { type SlotsSeen, SlotsWanted, workerAccount } from '#core/jobs/slots.ts';
import type { KubernetesObject } from '#core/labels.ts';
import * as z from '#core/zod.ts';
import { connect } from '#local/kubernetes/api.ts';
import { AwsJobObjects, awsChunkQueue } from '../contracts/aws-job-worlds.ts';
import { access, cloud, output } from './cloud.ts';

/** Where AWS is at public addresses, and the agent of identities on the node, is here an address of this machine. */
const endpoints = [cloud.aws, cloud.services].map((url) => {
  const { hostname, port } = new URL(url);
  return { cidr: `${hostname}/32`, port: Number(port) };
});
const place: SlotsPlace = {
  kubernetesVersion: '1.36',
  workerImage: output('JobWorkerImage'),
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  region: access.sdk.region,
  endpoints,
};

const paths: Readonly<Record<string, string>> = {
  ResourceQuota: 'api/v1/namespaces/NS/resourcequotas',
  LimitRange: 'api/v1/namespaces/NS/limitranges',
  NetworkPolicy: 'apis/networking.k8s.io/v1/namespaces/NS/networkpolicies',
  ServiceAccount: 'api/v1/namespaces/NS/serviceaccounts',
  ConfigMap: 'api/v1/namespaces/NS/configmaps',
  Job: 'apis/batch/v1/namespaces/NS/jobs',
};

interface Asked {
  readonly command: readonly string[];
  readonly input: Buffer;
  readonly chunkBytes: number;
  readonly slots: number;
  readonly memoryMiB: number;
  readonly maxFailures?: number;
  /** Lines, where nothing else is said. */
  readonly records?: Records;
  /** Where results are to lie, if not where they should. */
  readonly prefix?: string;
}

export class JobInCluster {
  readonly name = `job-${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`;
  readonly objects = new AwsJobObjects(access.sdk, output('JobBucketName'));
  readonly #chunks = new ChunkItems(output('TableName'), new DynamoDBClient(access.sdk));
  readonly #api = connect(cloud.kubernetes.kubeconfig);
  readonly #asked: Asked;
  #wanted: SlotsWanted | undefined;
  object: DatasetObject | undefined;
  planned = 0;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  async begin(): Promise<void> {
    const {
      command,
      input,
      chunkBytes,
      slots,
      memoryMiB,
      maxFailures = 20,
      records = { kind: 'lines' },
    } = this.#asked;
    const { name, objects } = this;
    const { prefix = `jobs/checkout/${name}/` } = this.#asked;
    this.object = await objects.put(`datasets/checkout/${name}.ndjson`, input);
    const { queue, url } = await awsChunkQueue(access.sdk, `getschwifty-${name}`);
    const plan = planChunks({ objects: [this.object], records, compression: 'none', chunkBytes });
    this.planned = plan.chunks;
    await queue.send(chunksOf(plan).map((chunk) => ({ job: name, chunk })));
    await new EKSClient(access.sdk).send(
      new CreatePodIdentityAssociationCommand({
        clusterName: 'main',
        namespace: name,
        serviceAccount: workerAccount,
        roleArn: `${output('JobWorkerRolesArn')}checkout`,
      }),
    );
    const bucket = objects.bucket;
    this.#wanted = SlotsWanted.parse({
      team: 'checkout',
      name,
      cluster: 'main',
      version: 1,
      at: new Date().toISOString(),
      phase: 'running',
      slots,
      resources: { cpu: 0.1, memoryMiB },
      spot: false,
      spec: {
        job: name,
        input: { bucket },
        results: { bucket, prefix },
        records,
        command,
        leaseSeconds: 5,
        maxFailures,
      },
      queueUrl: url,
      table: output('TableName'),
    });
  }

  /** One look, as a stage would have it. @returns what it tells. */
  async look(phase: SlotsWanted['phase'] = 'running'): Promise<SlotsSeen['slots']> {
    if (!this.#wanted) throw new Error('it has not begun');
    const wanted: SlotsWanted = { ...this.#wanted, phase };
    const { apply, create, seen } = planSlots(wanted, place, await this.#sight(), new Date().toISOString());
    for (const object of [...apply, ...create]) await this.#apply(object);
    return seen.slots;
  }

  async #apply(object: KubernetesObject): Promise<void> {
    const folder = paths[object.kind]?.replace('NS', this.name) ?? 'api/v1/namespaces';
    await this.#api.apply(`/${folder}/${object.metadata.name}`, object);
  }

  async #sight(): Promise<SlotsSight> {
    const list = z.object({ items: z.array(z.unknown()) });
    const items = async (path: string) =>
      (await this.#api.get(`/${path.replace('NS', this.name)}`, list)).items;
    return {
      namespace: 'there',
      jobs: z.array(SlotJob).parse(await items('apis/batch/v1/namespaces/NS/jobs')),
      pods: z.array(SlotPod).parse(await items('api/v1/namespaces/NS/pods')),
      memory: {},
    };
  }

  async states(): Promise<ChunkState[]> {
    const states: ChunkState[] = [];
    for await (const state of this.#chunks.list(this.name)) states.push(state);
    return states;
  }

  async output(): Promise<Buffer> {
    const parts = (await this.states()).flatMap(({ parts }) => parts).sort((a, b) => a.from - b.from);
    const results: Buffer[] = [];
    for (const { output: made } of parts)
      if (made) results.push((await this.objects.result(made.key)) ?? Buffer.alloc(0));
    return Buffer.concat(results);
  }

  async end(): Promise<void> {
    await this.#api.remove(`/api/v1/namespaces/${this.name}`);
    this.#api.close();
  }
}
