/** What a team holds of its quota. An environment counts with the most replicas that it may have: that is what was promised to it. */
import * as z from 'zod';
import { type Refusal, refuse } from './decision.ts';
import type { Life } from './environment.ts';
import { EnvironmentName, TeamName } from './names.ts';
import type { Spec } from './spec.ts';

export const Amounts = z.object({
  cpu: z.number().min(0),
  memoryMiB: z.number().min(0),
  gpu: z.number().min(0),
  environments: z.int().min(0),
});
export type Amounts = z.infer<typeof Amounts>;

export const Quota = z.strictObject({
  cpu: Amounts.shape.cpu.default(32),
  memoryMiB: Amounts.shape.memoryMiB.default(131_072),
  gpu: Amounts.shape.gpu.default(0),
  environments: Amounts.shape.environments.default(20),
});

type Asking = Pick<Spec, 'resources' | 'replicas'>;

export const asksOf = ({ resources, replicas }: Asking): Amounts => ({
  cpu: resources.cpu * replicas.max,
  memoryMiB: resources.memoryMiB * replicas.max,
  gpu: resources.gpu * replicas.max,
  environments: 1,
});

/** What is stopped holds its place alone, what is being deleted nothing. */
export function holds({ spec, life }: { readonly spec: Asking; readonly life: Life }): Amounts {
  switch (life.state) {
    case 'running':
      return asksOf(spec);
    case 'stopped':
      return { ...nothing, environments: 1 };
    case 'deleting':
    case 'deleted':
      return nothing;
  }
}
const nothing: Amounts = { cpu: 0, memoryMiB: 0, gpu: 0, environments: 0 };

/** What each environment of a team holds. It is written with the change that it is for, on the version that was read. */
export const Ledger = z.object({
  team: TeamName,
  version: z.int(),
  held: z.record(EnvironmentName, Amounts),
});
export type Ledger = z.infer<typeof Ledger>;

export const emptyLedger = (team: TeamName): Ledger => ({ team, version: 0, held: {} });

/** The ledger with what an environment holds now, or why the team may not have it. Less than before is never refused. */
export function reserve(
  ledger: Ledger,
  quota: Amounts,
  name: EnvironmentName,
  wanted: Amounts,
): Ledger | Refusal {
  const { [name]: before = nothing, ...others } = ledger.held;
  const free = less(quota, sum(Object.values(others)));
  const over = fields.filter((field) => wanted[field] > free[field] && wanted[field] > before[field]);
  if (over.length > 0) return refuse(409, 'Over the quota', whyOver(ledger.team, quota, free, wanted, over));
  const held = wanted.environments === 0 ? others : { ...others, [name]: wanted };
  return { ...ledger, version: ledger.version + 1, held };
}

const fields = ['environments', 'cpu', 'memoryMiB', 'gpu'] as const;
const units: Readonly<Record<(typeof fields)[number], string>> = {
  environments: 'environments',
  cpu: 'cores',
  memoryMiB: 'MiB of memory',
  gpu: 'GPUs',
};

function whyOver(
  team: string,
  quota: Amounts,
  free: Amounts,
  wanted: Amounts,
  over: readonly (typeof fields)[number][],
): string {
  const reasons = over.map(
    (field) =>
      `it asks for ${wanted[field]} ${units[field]}, and ${Math.max(0, free[field])} of ${quota[field]} are free`,
  );
  const fits =
    free.environments < 1
      ? 'No other environment fits: delete one'
      : `At most ${fields
          .filter((field) => field !== 'environments')
          .map((field) => `${Math.max(0, free[field])} ${units[field]}`)
          .join(', ')} would fit, over all its replicas: ask for less, or stop or delete another`;
  return `Team ${team} has not enough left: ${reasons.join('; ')}. ${fits}.`;
}

const less = (a: Amounts, b: Amounts): Amounts => ({
  cpu: (Math.round(a.cpu * 1000) - Math.round(b.cpu * 1000)) / 1000,
  memoryMiB: a.memoryMiB - b.memoryMiB,
  gpu: a.gpu - b.gpu,
  environments: a.environments - b.environments,
});

/** Thousandths of a core are added as whole numbers: 0.1 + 0.2 is 0.3. */
export const sum = (asked: readonly Amounts[]): Amounts => ({
  cpu: asked.reduce((total, { cpu }) => total + Math.round(cpu * 1000), 0) / 1000,
  memoryMiB: asked.reduce((total, { memoryMiB }) => total + memoryMiB, 0),
  gpu: asked.reduce((total, { gpu }) => total + gpu, 0),
  environments: asked.reduce((total, { environments }) => total + environments, 0),
});
