/**
 * Looks at an environment that is to go to another team: whether nobody accepted it in time, and whether what takes its place is
 * Ready. Then it is deleted, in one transaction with a line of the other one: neither is written where the other one has turned since.
 */
import { causedBy, type Decision } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { environmentId } from '#core/names.ts';
import type { Clock, EnvironmentStore } from '#core/ports.ts';
import type { Ledger } from '#core/quota.ts';
import type { Transfer } from '#core/transfer/item.ts';
import type { Transfers } from '#core/transfer/ports.ts';
import { looked, successorIn, successorOf } from '#core/transfer/transfer.ts';
import { commit } from '../runtime/commit.ts';

interface Deps {
  readonly store: EnvironmentStore;
  readonly transfers: Pick<Transfers, 'read'>;
  readonly clock: Clock;
}

/** What it comes to, and what its team then holds. */
export interface Held {
  readonly decision: Decision;
  readonly ledger?: Ledger | undefined;
}

/** @returns the environment as it is then, and what was decided; undefined where no look is due. */
export async function handOver(
  { store, transfers, clock }: Deps,
  environment: Environment,
  cause: string | undefined,
  held: (transfer: Transfer) => Promise<Held>,
): Promise<{ readonly environment: Environment; readonly decision: Decision } | undefined> {
  const { leaving, key } = environment;
  const now = clock.now();
  if (!leaving || leaving.lookAt > now) return undefined;
  const before = await transfers.read(key);
  if (!before)
    throw new Rejected(`${environmentId(key)} is to go to team ${leaving.to}, and nothing says how.`);
  const successor = await store.read(successorOf(before));
  const transfer = looked(before, successor, now, environment);
  const { decision, ledger } = await held(transfer);
  if (decision.outcome !== 'changed') return { environment, decision };
  const other = successorIn(transfer, successor);
  const also = other && next(other, { kind: 'succeeded', transfer }, now);
  await commit(store, environment, decision, cause, {
    ...(transfer === before ? {} : { transfer }),
    also: also?.outcome === 'changed' ? causedBy(also, cause) : undefined,
    ledger,
  });
  return { environment: decision.environment, decision };
}
