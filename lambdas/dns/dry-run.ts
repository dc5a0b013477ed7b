/** Says what the stage would do, and does nothing. */
import type { Naming } from '#core/dns.ts';
import { namesOf } from '#core/dns.ts';
import { isOrphan, planZone, wishOf } from '#core/dns-batch.ts';
import { type DryRunAnswer, type DryRunRequest, plannedName } from '#core/dns-dry-run.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { DnsZone, EnvironmentStore } from '#core/ports.ts';
import { planPage } from './sweep.ts';

export interface DryRunDeps {
  readonly store: Pick<EnvironmentStore, 'read'>;
  readonly zone: DnsZone;
}

export async function dryRun(
  deps: DryRunDeps,
  naming: Naming,
  request: DryRunRequest,
): Promise<DryRunAnswer> {
  if (request.kind === 'plan-name') return { names: [await planName(deps, naming, request.environment)] };
  const { wishes, plan, unread, next } = await planPage(deps, naming, request.from);
  for (const error of unread.values()) throw error;
  const names = wishes.map(({ key, target }) => plannedName(key, target, plan));
  return {
    names: names.filter(({ changes, left }) => changes.length > 0 || left !== undefined),
    ...(next && { next }),
  };
}

async function planName({ store, zone }: DryRunDeps, naming: Naming, key: EnvironmentKey) {
  const environment = await store.read(key);
  const wish = isOrphan(environment) ? { key, target: undefined } : environment && wishOf(environment);
  if (!wish) {
    const left = 'It is not Ready now: its name stays as it is.';
    return { environment: environmentId(key), changes: [], left };
  }
  const plan = planZone([wish], naming, await zone.records(namesOf(key, naming.zone)));
  return plannedName(key, wish.target, plan);
}
