/** Changes that alter what a team holds of its quota: both are written together, or neither. */
import type { Change } from '#core/decision.ts';
import { Conflict, Retryable } from '#core/errors.ts';
import type { Enclosed } from '#core/ports.ts';
import { ledgerWith } from '#core/quota.ts';
import { refused } from './problem.ts';
import { type ApiDeps, teamOf } from './route.ts';

/** Of requests of one team that come at once, one is written in each round. */
const tries = 10;

/**
 * @param decide reads and decides: again, with what others left, where they came between.
 * @throws the quota's refusal, Retryable where others always came between.
 */
export const writeHolding = (
  deps: Pick<ApiDeps, 'store' | 'config'>,
  decide: () => Promise<Change>,
  enclosed: Omit<Enclosed, 'ledger'>,
): Promise<void> => writeHeld(deps, async () => ({ change: await decide(), enclosed }));

/** The same, where what is enclosed is of the decision. */
export async function writeHeld(
  deps: Pick<ApiDeps, 'store' | 'config'>,
  decide: () => Promise<{ readonly change: Change; readonly enclosed: Omit<Enclosed, 'ledger'> }>,
): Promise<void> {
  for (let left = tries; left > 0; left--) {
    const { change, enclosed } = await decide();
    const ledger = await reserved(deps, change);
    try {
      return await deps.store.write(change, { ...enclosed, ledger });
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
  throw new Retryable('Other requests of the team came between each time.');
}

/** What the team then holds, or why it may not; undefined where it holds the same as before. */
export async function roomFor({ store, config }: Pick<ApiDeps, 'store' | 'config'>, { environment }: Change) {
  const { team } = environment.key;
  return ledgerWith(await store.ledger(team), teamOf(config, team).quota, environment);
}

/** Undefined where the team holds the same as before. @throws the quota's refusal. */
export async function reserved(deps: Pick<ApiDeps, 'store' | 'config'>, change: Change) {
  const next = await roomFor(deps, change);
  if (next && 'outcome' in next) throw refused(next);
  return next;
}
