/**
 * `dns-plan`, `dns-calls`: what the plan of a zone with 10,000 records takes, and how many changes of Route 53 500 new
 * environments cost, by the stage as it is, on the memory zone, which has Route 53's limits and buckets.
 */
import { MemoryClock } from '#adapters/memory/clock.ts';
import { MemorySweeps } from '#adapters/memory/messages.ts';
import { MemoryStore } from '#adapters/memory/store.ts';
import { MemoryZone } from '#adapters/memory/zone.ts';
import { type DnsRecord, desiredRecords } from '#core/dns.ts';
import { planZone, type Wish } from '#core/dns-batch.ts';
import { callsOf } from '#core/dns-calls.ts';
import type { Environment } from '#core/environment.ts';
import { dns } from '#lambdas/dns/dns.ts';
import { digestOf, keyOf, requested, start } from '../contracts/samples.ts';
import { atMost, type Entry, median, quantile } from './entry.ts';

const naming = { zone: 'schwifty.example', installation: '0123456789ab' };
const host = (i: number) => `k8s-env${i}-0123456789abcdef.elb.us-east-1.amazonaws.com`;
const wish = (i: number): Wish & { target: string } => ({
  key: keyOf(`team${i % 100}`, `env${i}`),
  target: host(i),
});
const environments = 5_000;
const runs = 21;

/** A third is there already, a third has moved, a third is new: 10,000 records are wanted. */
function zoneOfThirds(wishes: readonly ReturnType<typeof wish>[]): DnsRecord[] {
  return wishes.flatMap(({ key, target }, i) => {
    if (i % 3 === 0) return desiredRecords(key, naming, target);
    return i % 3 === 1 ? desiredRecords(key, naming, `old-${target}`) : [];
  });
}

export async function dnsPlan(): Promise<Entry[]> {
  const wishes = Array.from({ length: environments }, (_, i) => wish(i));
  const current = zoneOfThirds(wishes);
  const times: number[] = [];
  let calls = 0;
  for (let run = 0; run <= runs; run++) {
    const began = performance.now();
    calls = callsOf(planZone(wishes, naming, current).groups).length;
    if (run > 0) times.push(performance.now() - began);
  }
  const note = `${2 * environments} records wanted, ${current.length} there, ${calls} calls planned; p95 of ${runs}, median ${median(times).toFixed(1)} ms`;
  return [atMost(200, { name: 'dns-plan', value: quantile(times, 0.95), unit: 'ms', note })];
}

export async function dnsCalls(): Promise<Entry[]> {
  const clock = new MemoryClock(start);
  const store = new MemoryStore();
  const zone = new MemoryZone(clock);
  const count = 500;
  for (let i = 0; i < count; i++) await store.write(readyAt(i));
  const handleAll = dns({
    store,
    zone,
    sweeps: new MemorySweeps(),
    config: { dns: { zone: naming.zone } },
    installation: naming.installation,
    clock,
  });
  const errors = await handleAll(
    Array.from({ length: count }, (_, i) => ({ signal: { kind: 'look', environment: wish(i).key } })),
  );
  const failed = errors.filter((error) => error !== undefined).length;
  const note = `${count} environments Ready at once: ${zone.names().length} records, ${zone.calls.list} looks, ${failed} failed`;
  const entry = atMost(3, { name: 'dns-calls', value: zone.calls.change, unit: 'calls', note });
  return [failed === 0 ? entry : { ...entry, ok: false }];
}

function readyAt(i: number) {
  const { environment, ...change } = requested({ key: wish(i).key });
  const approval = { approver: 'anna', approvedAt: start, policyVersion: '1', waivers: [] };
  const release: Environment['release'] = {
    phase: 'ready',
    digest: digestOf('image'),
    approval,
    address: host(i),
    lookAt: start,
    since: start,
  };
  return { ...change, environment: { ...environment, release } };
}
