/**
 * A team's quota is held by a ledger: what each of its environments holds, written with the change that it is for. Two
 * requests at once can't both have what is left: one of them finds another version.
 */

import { type Refusal, refuse } from './decision.ts';
import type { Life } from './environment.ts';
import { type EnvironmentKey, EnvironmentName, TeamName } from './names.ts';
import { isSame } from './same.ts';
import { Amounts, type Asking, asksOf, sum } from './usage.ts';
import * as z from './zod.ts';

/** What is stopped holds its place and its volume, what is being deleted nothing. */
export function holds({ spec, life }: { readonly spec: Asking; readonly life: Life }): Amounts {
  switch (life.state) {
    case 'running':
      return asksOf(spec);
    case 'stopped':
      return { ...nothing, environments: 1, storageGiB: spec.volume?.sizeGiB ?? 0 };
    case 'deleting':
    case 'deleted':
      return nothing;
  }
}
const nothing: Amounts = { cpu: 0, memoryMiB: 0, gpu: 0, environments: 0, storageGiB: 0 };

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
  const isNothing = fields.every((field) => wanted[field] === 0);
  const held = isNothing ? others : { ...others, [name]: wanted };
  return { ...ledger, version: ledger.version + 1, held };
}

/** Undefined where the team holds nothing for it. */
export function without(ledger: Ledger, name: EnvironmentName): Ledger | undefined {
  const { [name]: gone, ...held } = ledger.held;
  return gone && { ...ledger, version: ledger.version + 1, held };
}

/** What is to be written of the ledger with a change, or why the team may not have it; undefined where it holds the same. */
export function ledgerWith(
  ledger: Ledger,
  quota: Amounts,
  { key, ...environment }: { readonly key: EnvironmentKey; readonly spec: Asking; readonly life: Life },
): Ledger | Refusal | undefined {
  const next = reserve(ledger, quota, key.name, holds(environment));
  return 'outcome' in next || !isSame(next.held, ledger.held) ? next : undefined;
}

const fields = ['environments', 'cpu', 'memoryMiB', 'gpu', 'storageGiB'] as const;
const units: Readonly<Record<(typeof fields)[number], string>> = {
  environments: 'environments',
  cpu: 'cores',
  memoryMiB: 'MiB of memory',
  gpu: 'GPUs',
  storageGiB: 'GiB of volumes',
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
  storageGiB: a.storageGiB - b.storageGiB,
});
