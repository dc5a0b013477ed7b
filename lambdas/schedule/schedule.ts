/**
 * Does what an environment's ttl and working hours ask for at this instant, and sees whether what goes to another team has gone. What its
 * team then holds of its quota is written with it; where others came between, the message is delivered again.
 */
import type { Config } from '#core/config.ts';
import { type Decision, summaryOf } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { environmentId } from '#core/names.ts';
import type { Clock, EnvironmentStore, Waivers } from '#core/ports.ts';
import { ledgerWith } from '#core/quota.ts';
import { wantedDigest } from '#core/release.ts';
import type { Transfer } from '#core/transfer/item.ts';
import type { Transfers } from '#core/transfer/ports.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';
import { waiversOf } from '../runtime/waivers.ts';
import { type Held, handOver } from './hand-over.ts';

export interface ScheduleDeps {
  readonly store: EnvironmentStore;
  readonly waivers: Pick<Waivers, 'list'>;
  readonly transfers: Pick<Transfers, 'read'>;
  readonly config: Pick<Config, 'teams' | 'policy' | 'waivers'>;
  readonly clock: Clock;
}

export function schedule(deps: ScheduleDeps): Handle {
  const { store } = deps;
  return async (signal, cause) => {
    if (signal.kind !== 'look') throw new Rejected(`The schedule takes looks, not ${signal.kind}.`);
    const id = environmentId(signal.environment);
    const before = await store.read(signal.environment);
    if (!before) return log.info('there is no such environment', { environment: id });
    const handed = await handOver(deps, before, cause, (transfer) => handing(deps, before, transfer));
    if (handed) log.info('looked where it goes', { environment: id, ...summaryOf(handed.decision) });
    const environment = handed?.environment ?? before;
    const { decision, ledger } = await decided(deps, environment);
    await commit(store, environment, decision, cause, { ledger });
    log.info('looked at the time', { environment: id, ...summaryOf(decision) });
  };
}

/** A start that its team has no room for is no start: what is less than before, or as much, always fits. */
async function decided(deps: ScheduleDeps, environment: Environment): Promise<Held> {
  const today = await todayOf(deps, environment);
  return fitting(deps, (noRoom) => next(environment, { kind: 'time-came', today, noRoom }, deps.clock.now()));
}

/** What comes back from a transfer is started where it ran: the same holds of that. */
async function handing(deps: ScheduleDeps, environment: Environment, transfer: Transfer): Promise<Held> {
  const today = await todayOf(deps, environment);
  const now = deps.clock.now();
  return fitting(deps, (noRoom) =>
    next(environment, { kind: 'handed', transfer, back: { today, noRoom } }, now),
  );
}

async function todayOf(deps: ScheduleDeps, environment: Environment) {
  const { store, config } = deps;
  const digest = wantedDigest(environment);
  const verdict = digest && (await store.verdict(environment.key, digest));
  const waivers = digest ? await waiversOf(deps, environment.key.team) : [];
  return { verdict, policy: config.policy, waivers };
}

async function fitting(
  deps: Pick<ScheduleDeps, 'store' | 'config'>,
  decide: (noRoom?: string) => Decision,
): Promise<Held> {
  const decision = decide();
  if (decision.outcome !== 'changed') return { decision };
  const held = await reserved(deps, decision.environment);
  return 'outcome' in held ? { decision: decide(held.detail) } : { decision, ledger: held.ledger };
}

/** @returns the ledger to be written, or why it would not fit. */
async function reserved({ store, config }: Pick<ScheduleDeps, 'store' | 'config'>, after: Environment) {
  const { team } = after.key;
  const known = config.teams.find((entry) => entry.name === team);
  if (!known)
    throw new Rejected(`The configuration names no team ${team}: who held what of it is not known.`);
  const ledger = ledgerWith(await store.ledger(team), known.quota, after);
  return ledger && 'outcome' in ledger ? ledger : { ledger };
}
