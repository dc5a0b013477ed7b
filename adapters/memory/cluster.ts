/** A cluster in memory: it keeps what is applied; what its controllers and kubelets would do, a test says. */
import { Rejected } from '#core/errors.ts';
import { Deployment, Pod, Service, type Sight } from '#core/health.ts';
import { type EnvironmentKey, type Instant, namespaceOf } from '#core/names.ts';
import type { ClusterClient } from '#core/ports.ts';
import { appName, type KubernetesObject } from '#core/rollout.ts';

interface Namespace {
  readonly objects: Map<string, KubernetesObject>;
  /** Of the Deployment: one more with every change of its spec. */
  generation: number;
  rolledOut: number;
  pods: readonly Sight['pods'][number][];
  address: string | undefined;
}

export class MemoryCluster implements ClusterClient {
  readonly #namespaces = new Map<string, Namespace>();
  /** How often anything was applied. */
  applies = 0;
  /** Called before an object is taken: a test throws here for what the cluster refuses. */
  before: (object: KubernetesObject) => void = () => undefined;

  async apply(objects: readonly KubernetesObject[]): Promise<void> {
    this.applies++;
    for (const object of objects) {
      this.before(object);
      const { kind, metadata } = object;
      if (kind === 'Namespace') this.#make(metadata.name);
      const namespace = this.#namespaces.get(metadata.namespace ?? metadata.name);
      if (!namespace) throw new Rejected(`namespaces "${metadata.namespace}" not found`);
      const known = namespace.objects.get(`${kind} ${metadata.name}`);
      const changed = JSON.stringify(known?.['spec']) !== JSON.stringify(object['spec']);
      if (kind === 'Deployment' && changed) namespace.generation++;
      namespace.objects.set(`${kind} ${metadata.name}`, object);
    }
  }

  async look(key: EnvironmentKey): Promise<Sight> {
    const namespace = this.#namespaces.get(namespaceOf(key));
    return {
      deployment: namespace && deploymentOf(namespace),
      pods: namespace?.pods ?? [],
      service: namespace && serviceOf(namespace),
    };
  }

  /** The controllers have done their work: a Ready pod, and an address in front of it. */
  rollOut(key: EnvironmentKey, at: Instant, address: string): void {
    const namespace = this.#of(key);
    namespace.rolledOut = namespace.generation;
    namespace.pods = [pod(at)];
    namespace.address = address;
  }

  /** The container exceeded its memory at `at`; until `restart` its pod is not Ready. */
  oomKill(key: EnvironmentKey, at: Instant): void {
    this.#of(key).pods = [pod(undefined, at)];
  }

  /** The killed container runs again since `at`; that it was killed stays to be seen. */
  restart(key: EnvironmentKey, at: Instant): void {
    const namespace = this.#of(key);
    const status = namespace.pods[0]?.status.containerStatuses?.[0];
    namespace.pods = [pod(at, status?.lastState?.terminated?.finishedAt ?? undefined)];
  }

  #make(name: string): void {
    if (this.#namespaces.has(name)) return;
    const empty = { objects: new Map(), generation: 0, rolledOut: 0, pods: [], address: undefined };
    this.#namespaces.set(name, empty);
  }

  #of(key: EnvironmentKey): Namespace {
    const namespace = this.#namespaces.get(namespaceOf(key));
    if (!namespace) throw new Error(`nothing was applied in ${namespaceOf(key)}`);
    return namespace;
  }
}

function deploymentOf({ objects, generation, rolledOut, pods }: Namespace): Sight['deployment'] {
  const object = objects.get(`Deployment ${appName}`);
  if (!object) return undefined;
  const ready = pods.filter(isReady).length;
  const updated = rolledOut === generation ? pods.length : 0;
  const counts = { replicas: pods.length, updatedReplicas: updated, readyReplicas: ready };
  const status = { observedGeneration: generation, ...counts };
  return Deployment.parse({ ...object, metadata: { ...object.metadata, generation }, status });
}

function serviceOf({ objects, address }: Namespace): Sight['service'] {
  if (!objects.has(`Service ${appName}`)) return undefined;
  const ingress = address === undefined ? [] : [{ hostname: address }];
  return Service.parse({ status: { loadBalancer: { ingress } } });
}

const isReady = ({ status }: Sight['pods'][number]): boolean =>
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

function pod(readySince: Instant | undefined, killedAt?: Instant): Sight['pods'][number] {
  const terminated = { reason: 'OOMKilled', finishedAt: killedAt };
  const ready = {
    type: 'Ready',
    status: readySince === undefined ? 'False' : 'True',
    lastTransitionTime: readySince,
  };
  return Pod.parse({
    metadata: { name: `${appName}-0` },
    spec: { containers: [{ name: appName, resources: { limits: { memory: '256Mi' } } }] },
    status: {
      conditions: [ready],
      containerStatuses: [
        { name: appName, ...(killedAt === undefined ? {} : { lastState: { terminated } }) },
      ],
    },
  });
}
