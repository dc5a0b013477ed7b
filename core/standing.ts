/** What pods that run have and is not wanted now: room that a smaller one needs beside them until they go, ports. */
import { besideOf } from './access.ts';
import { amountOf } from './quantity.ts';
import { type Pod, portOf } from './sight.ts';
import type { Spec } from './spec.ts';

export interface Standing {
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly gpu: number;
  /** On which they answer still. */
  readonly ports: readonly number[];
}

export function standingOf(pods: readonly Pod[], { resources, access, port }: Spec): Standing {
  const beside = besideOf(access);
  const sum = (above: (pod: Pod) => number): number =>
    pods.reduce((total, pod) => total + Math.max(0, above(pod)), 0);
  return {
    cpu: sum((pod) => asked(pod, 'cpu') - resources.cpu - beside.cpu),
    memoryMiB: sum((pod) => asked(pod, 'memory') / 2 ** 20 - resources.memoryMiB - beside.memoryMiB),
    gpu: sum((pod) => asked(pod, 'nvidia.com/gpu') - resources.gpu),
    ports: [...new Set(pods.flatMap((pod) => portOf(pod) ?? []))].filter((other) => other !== port),
  };
}

const asked = ({ spec }: Pod, what: string): number =>
  spec.containers.reduce((total, { resources }) => total + amountOf(resources?.requests?.[what] ?? '0'), 0);
