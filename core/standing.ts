/** What pods that run hold above what is wanted of each now: a smaller one needs room beside them until they go. */
import { besideOf } from './access.ts';
import { amountOf } from './quantity.ts';
import type { Pod } from './sight.ts';
import type { Spec } from './spec.ts';

export interface Standing {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly gpu: number;
}

export function standingOf(pods: readonly Pod[], { resources, access }: Spec): Standing {
  const beside = besideOf(access);
  const sum = (above: (pod: Pod) => number): number =>
    pods.reduce((total, pod) => total + Math.max(0, above(pod)), 0);
  return {
    cpu: sum((pod) => asked(pod, 'cpu') - resources.cpu - beside.cpu),
    memoryMiB: sum((pod) => asked(pod, 'memory') / 2 ** 20 - resources.memoryMiB - beside.memoryMiB),
    gpu: sum((pod) => asked(pod, 'nvidia.com/gpu') - resources.gpu),
  };
}

const asked = ({ spec }: Pod, what: string): number =>
  spec.containers.reduce((total, { resources }) => total + amountOf(resources?.requests?.[what] ?? '0'), 0);
