/** What a team holds of its quota. An environment counts with the most replicas that it may have: that is what was promised to it. */
import { besideOf } from './access.ts';
import type { Spec } from './spec.ts';
import * as z from './zod.ts';

export const Amounts = z.object({
  cpu: z.number().check(z.minimum(0)),
  memoryMiB: z.number().check(z.minimum(0)),
  gpu: z.number().check(z.minimum(0)),
  /** Each has a load balancer of its own, also while it is stopped. */
  environments: z.int().check(z.minimum(0)),
  /** What was written before there were volumes has none. */
  storageGiB: z._default(z.int().check(z.minimum(0)), 0),
});
export type Amounts = z.infer<typeof Amounts>;

export const Quota = z.strictObject({
  cpu: z._default(Amounts.shape.cpu, 32),
  memoryMiB: z._default(Amounts.shape.memoryMiB, 131_072),
  gpu: z._default(Amounts.shape.gpu, 0),
  environments: z._default(Amounts.shape.environments, 20),
  storageGiB: z._default(z.int().check(z.minimum(0)), 500),
});

export type Asking = Pick<Spec, 'resources' | 'replicas' | 'access' | 'volume'>;

/** With what SSH takes beside it. */
export function asksOf({ resources, replicas, access, volume }: Asking): Amounts {
  const beside = besideOf(access);
  return {
    // Thousandths as whole numbers, as below.
    cpu: (Math.round((resources.cpu + beside.cpu) * 1000) * replicas.max) / 1000,
    memoryMiB: (resources.memoryMiB + beside.memoryMiB) * replicas.max,
    gpu: resources.gpu * replicas.max,
    environments: 1,
    storageGiB: volume?.sizeGiB ?? 0,
  };
}

/** Thousandths of a core are added as whole numbers: 0.1 + 0.2 is 0.3. */
export const sum = (asked: readonly Amounts[]): Amounts => ({
  cpu: asked.reduce((total, { cpu }) => total + Math.round(cpu * 1000), 0) / 1000,
  memoryMiB: asked.reduce((total, { memoryMiB }) => total + memoryMiB, 0),
  gpu: asked.reduce((total, { gpu }) => total + gpu, 0),
  environments: asked.reduce((total, { environments }) => total + environments, 0),
  storageGiB: asked.reduce((total, { storageGiB }) => total + storageGiB, 0),
});
