/**
 * Incidents become notices: what happened, to what, since when, and what to do. Those that nobody heard yet are kept with
 * the environment and go out in their order, whichever event came first, or none; what was heard is noted. Two deliveries
 * at once read the same environment: each notice is taken by one of them before it is told.
 */

import type { Environment } from '#core/environment.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import type { DomainEvent } from '#core/events.ts';
import type { Notice } from '#core/incident.ts';
import { next } from '#core/machine.ts';
import { addSeconds, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Clock, EnvironmentStore, Notices, Pager } from '#core/ports.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';

export interface PagerDeps {
  readonly store: EnvironmentStore;
  readonly notices: Notices;
  readonly pager: Pager;
  readonly clock: Clock;
}

/** Longer than the function may run: who has not told by then has crashed. */
const leaseSeconds = 60;

export function tellPager(deps: PagerDeps): Handle {
  const { store, clock } = deps;
  return async (signal, cause) => {
    if (signal.kind !== 'told' && signal.kind !== 'look')
      throw new Rejected(`The pager takes incidents and looks, not ${signal.kind}.`);
    if (signal.kind === 'told') requireIncident(signal.event);
    const key = signal.kind === 'told' ? signal.event.environment : signal.environment;
    const environment = await store.read(key);
    const notices = environment?.untold ?? [];
    if (!environment || notices.length === 0) {
      return log.info('people were told already', { environment: environmentId(key) });
    }
    for (const notice of notices) await tellOnce(deps, environment, notice);
    const decision = next(environment, { kind: 'paged', notices }, clock.now());
    await commit(store, environment, decision, cause);
    log.info('people were told', { environment: environmentId(key), notices: notices.length });
  };
}

/** Told and not noted, where the function dies in between: then it is told again, which is better than never. */
async function tellOnce(
  { notices, pager, clock }: PagerDeps,
  { key, cluster }: Environment,
  notice: Notice,
): Promise<void> {
  const now = clock.now();
  const taken = await notices.take(key, notice, now, addSeconds(now, leaseSeconds));
  if (taken === 'told') return;
  if (taken === 'taken')
    throw new Retryable(`${notice.incident.id} (${notice.state}) is being told by another invocation.`);
  await pager.tell(page(key, cluster, notice));
  await notices.told(key, notice, clock.now());
}

function requireIncident({ type }: DomainEvent): void {
  if (type === 'IncidentOpened' || type === 'IncidentRecovered') return;
  throw new Rejected(`The pager takes incidents, not ${type}: is a rule's pattern too wide?`);
}

function page(
  key: EnvironmentKey,
  cluster: string,
  { state, incident, at }: Notice,
): Parameters<Pager['tell']>[0] {
  const environment = environmentId(key);
  const { id, kind, openedAt, summary } = incident;
  return {
    subject: `[${state.toUpperCase()}] ${environment}: ${kind}`,
    body: { state, environment, cluster, incident: id, kind, openedAt, at, summary },
  };
}
