/**
 * `rollout-ratio`: from an approval to the first Ready pod, promotion included, beside `kubectl apply` of the same objects
 * into a namespace of their own. The image is on the node before either begins.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { repositoryOf } from '#core/image.ts';
import { Digest, type EnvironmentKey, environmentId, namespaceOf } from '#core/names.ts';
import { desiredObjects, type KubernetesObject } from '#core/rollout.ts';
import { Spec } from '#core/spec.ts';
import * as z from '#core/zod.ts';
import { environmentLabel } from '#lambdas/cluster-setup/image-policy.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { passed } from '#local/demo/story.ts';
import { until } from '#local/demo/world.ts';
import { connect, type KubernetesApi } from '#local/kubernetes/api.ts';
import { registryHost } from '#local/setup/cloud-file.ts';
import { keyOf } from '../contracts/samples.ts';
import type { BenchCloud } from './cloud.ts';
import { atMost, type Entry, inTurn, median, recorded } from './entry.ts';

const pairs = 10;
const readySeconds = 120;
const spec = {
  base: 'debian-12',
  files: {
    'app.py': "import socket\ns = socket.create_server(('', 9000))\nwhile True:\n    s.accept()[0].close()\n",
  },
  command: ['python3', 'app.py'],
  resources: { cpu: 0.05, memoryMiB: 64 },
  access: { sourceRanges: ['0.0.0.0/0'] },
};

export async function rolloutRatio(cloud: BenchCloud): Promise<Entry[]> {
  const person = await signIn(cloud, 'bench', ['bench']);
  const kubernetes = connect(cloud.cloud.kubernetes.kubeconfig);
  const rollouts = new Rollouts(cloud, person, kubernetes);
  try {
    for (let run = 0; run <= pairs; run++) await rollouts.prepare(keyOf('bench', `e${run}`));
    const { a, b } = await inTurn(
      pairs,
      (run) => rollouts.ours(keyOf('bench', `e${run}`)),
      (run) => rollouts.applied(keyOf('bench', `e${run}`)),
    );
    return entries(a, b, rollouts.promotions.slice(1));
  } finally {
    kubernetes.close();
  }
}

function entries(a: readonly number[], b: readonly number[], promotions: readonly number[]): Entry[] {
  const [ours, applied, promotion] = [median(a), median(b), median(promotions)];
  const note = `medians of ${pairs}, in turn: ${Math.round(ours)} ms with its promotion, kubectl apply ${Math.round(applied)} ms`;
  return [
    atMost(1.25, { name: 'rollout-ratio', value: ours / applied, unit: '×', note }),
    recorded({
      name: 'rollout-ratio/promotion',
      value: promotion,
      unit: 'ms',
      note: `median of ${pairs}: from the approval to the digest in the release repository, as the audit trail has it`,
    }),
  ];
}

class Rollouts {
  readonly #cloud: BenchCloud;
  readonly #person: Person;
  readonly #kubernetes: KubernetesApi;
  readonly #digests = new Map<string, Digest>();
  /** Milliseconds, in the order of the rollouts. */
  readonly promotions: number[] = [];

  constructor(cloud: BenchCloud, person: Person, kubernetes: KubernetesApi) {
    this.#cloud = cloud;
    this.#person = person;
    this.#kubernetes = kubernetes;
  }

  /** Asked for, built, passed; a pod that runs it elsewhere brings it onto the node. */
  async prepare(key: EnvironmentKey): Promise<void> {
    const id = environmentId(key);
    await this.#person.client.create({ team: key.team, name: key.name, spec });
    const digest = await passed(this.#person, id);
    this.#digests.set(id, Digest.parse(digest));
    const image = `${registryHost}/${repositoryOf('candidate', key)}@${digest}`;
    const pod = `warm-${key.name}`;
    await this.#kubectl('run', pod, `--image=${image}`, '--restart=Never', '--command', '--', 'sleep', '1');
    await this.#kubectl('wait', `pod/${pod}`, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=120s');
    await this.#kubectl('delete', 'pod', pod, '--wait=false');
  }

  async ours(key: EnvironmentKey): Promise<number> {
    const id = environmentId(key);
    const began = performance.now();
    await this.#person.client.approve(id, this.#digestOf(key));
    await this.#firstReadyPod(namespaceOf(key));
    const taken = performance.now() - began;
    this.promotions.push(await this.#promotionTime(id));
    return taken;
  }

  /** The same objects in a namespace of another name, which goes when it was measured. */
  async applied(key: EnvironmentKey): Promise<number> {
    const namespace = `${namespaceOf(key)}-bare`;
    const file = join(this.#cloud.instance.state, `${namespace}.json`);
    const items = this.#objects(key).map((object) => movedTo(object, namespace));
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    const began = performance.now();
    await this.#kubectl('apply', '-f', file);
    await this.#firstReadyPod(namespace);
    const taken = performance.now() - began;
    await this.#kubectl('delete', 'namespace', namespace, '--wait=false');
    return taken;
  }

  #objects(key: EnvironmentKey): KubernetesObject[] {
    const digest = this.#digestOf(key);
    const image = `${registryHost}/${repositoryOf('release', key)}@${digest}`;
    const cluster = {
      loadBalancerScheme: 'internet-facing',
      kubernetesVersion: '1.36',
      drainSeconds: 5,
    } as const;
    return desiredObjects({ key, spec: parsed, image, digest, ...cluster });
  }

  #digestOf(key: EnvironmentKey): Digest {
    const digest = this.#digests.get(environmentId(key));
    if (digest === undefined) throw new Error(`${environmentId(key)} was not prepared`);
    return digest;
  }

  async #firstReadyPod(namespace: string): Promise<void> {
    const end = Date.now() + readySeconds * 1000;
    while (Date.now() < end) {
      const { items } = await this.#kubernetes.get(`/api/v1/namespaces/${namespace}/pods`, Pods);
      const ready = items.some(({ status }) =>
        status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True'),
      );
      if (ready) return;
      await sleep(20);
    }
    throw new Error(`no pod of ${namespace} was Ready in ${readySeconds} s`);
  }

  async #promotionTime(id: string): Promise<number> {
    const history = await until('the end of the promotion', 30, async () => {
      const answer = await this.#person.client.get(id);
      return answer.history.some(({ what }) => what.startsWith('promoted')) ? answer.history : undefined;
    });
    const at = (verb: string) => Date.parse(history.find(({ what }) => what.startsWith(verb))?.at ?? '');
    return at('promoted') - at('approved');
  }

  async #kubectl(...args: string[]): Promise<void> {
    const { kubectl, kubeconfig } = this.#cloud.cloud.kubernetes;
    await promisify(execFile)(kubectl, ['--kubeconfig', kubeconfig, ...args]);
  }
}

const parsed = Spec.parse(spec);
const Condition = z.object({ type: z.string(), status: z.string() });
const Pods = z.object({
  items: z.array(z.object({ status: z.object({ conditions: z.optional(z.array(Condition)) }) })),
});

/** Without the label by which the cluster holds an environment's namespace to its own images: this one is nobody's. */
function movedTo(object: KubernetesObject, namespace: string): KubernetesObject {
  const { metadata } = object;
  if (object.kind !== 'Namespace') return { ...object, metadata: { ...metadata, namespace } };
  const { [environmentLabel]: _, ...labels } = metadata.labels;
  return { ...object, metadata: { ...metadata, name: namespace, labels } };
}
