/** Names: the records at an environment's name are read, the plan is made, the changes are sent as one batch. */
import type { Config } from '#core/config.ts';
import { summaryOf } from '#core/decision.ts';
import { desiredRecords, nameOf, ownerNameOf, planDns } from '#core/dns.ts';
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

export function dns({ store, zone, config, clock }: DnsDeps): Handle {
  return async (signal, cause) => {
    if (signal.kind !== 'told' && signal.kind !== 'look')
      throw new Rejected(`The DNS stage takes events of ours and looks, not ${signal.kind}.`);
    const key = signal.kind === 'told' ? signal.event.environment : signal.environment;
    const environment = await store.read(key);
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
