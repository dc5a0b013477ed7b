/** Names: the records at an environment's name are read, the plan is made, the changes are sent as one batch. */
import type { Config } from '#core/config.ts';
import { summaryOf } from '#core/decision.ts';
import { desiredRecords, nameOf, ownerNameOf, planDns, planRemoval } from '#core/dns.ts';
import type { Environment } from '#core/environment.ts';
import { Rejected } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { environmentId } from '#core/names.ts';
import type { Clock, DnsZone, EnvironmentStore } from '#core/ports.ts';
import { commit } from '../runtime/commit.ts';
import { log } from '../runtime/log.ts';
import type { Handle } from '../runtime/queue.ts';

export interface DnsDeps {
  readonly store: EnvironmentStore;
  readonly zone: DnsZone;
  readonly config: Pick<Config, 'dns'>;
  readonly clock: Clock;
}

export function dns(deps: DnsDeps): Handle {
  const { store, zone, config, clock } = deps;
  return async (signal, cause) => {
    if (signal.kind !== 'told' && signal.kind !== 'look')
      throw new Rejected(`The DNS stage takes events of ours and looks, not ${signal.kind}.`);
    const key = signal.kind === 'told' ? signal.event.environment : signal.environment;
    const environment = await store.read(key);
    if (environment?.life.state === 'deleting') return takeAway(deps, environment, cause);
    if (environment?.release.phase !== 'ready') {
      return log.info('not Ready now: nothing to point at', { environment: environmentId(key) });
    }
    const name = nameOf(key, config.dns.zone);
    const target = environment.release.address;
    const current = await zone.records([name, ownerNameOf(name)]);
    const plan = planDns(key, desiredRecords(key, config.dns.zone, target), current);
    if (plan.outcome === 'foreign' && signal.kind === 'told') throw new Rejected(plan.reason);
    if (plan.outcome === 'changes') await zone.change(plan.changes);
    const news =
      plan.outcome === 'changes'
        ? { kind: 'pointed' as const, dns: { name, target } }
        : { kind: 'not-pointed' as const, reason: plan.reason };
    const decision = next(environment, news, clock.now());
    await commit(store, environment, decision, cause);
    log.info('looked at the name', { name, target, ...summaryOf(decision) });
  };
}

async function takeAway(
  { store, zone, config, clock }: DnsDeps,
  environment: Environment,
  cause: string | undefined,
): Promise<void> {
  const { key } = environment;
  const name = nameOf(key, config.dns.zone);
  const plan = planRemoval(key, config.dns.zone, await zone.records([name, ownerNameOf(name)]));
  if (plan.outcome === 'changes' && plan.changes.length > 0) await zone.change(plan.changes);
  const kept = plan.outcome === 'foreign' ? plan.reason : undefined;
  const decision = next(environment, { kind: 'part-seen', part: 'name', gone: true, kept }, clock.now());
  await commit(store, environment, decision, cause);
  log.info('took away the name', { name, ...summaryOf(decision) });
}
