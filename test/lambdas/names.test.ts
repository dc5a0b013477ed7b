/** Names of many environments at once: few calls, and nobody waits for somebody else's trouble. */
import { beforeEach, expect, test } from 'vitest';
import { type DnsRecord, desiredRecords, isSame, namesOf } from '#core/dns.ts';
import { ownedIn } from '#core/dns-batch.ts';
import type { Environment } from '#core/environment.ts';
import { Conflict, Rejected, Retryable } from '#core/errors.ts';
import type { EnvironmentKey } from '#core/names.ts';
import { dns } from '#lambdas/dns/dns.ts';
import { batchHandler } from '#lambdas/runtime/batch.ts';
import { keyOf } from '../contracts/samples.ts';
import { installation } from './stages.ts';
import { image, ready } from './ways.ts';
import { look, sqsRecord, told, type World } from './world.ts';

const naming = { zone: 'schwifty.example', installation };
const host = (i: number) => `k8s-env${i}-0123456789.elb.us-east-1.amazonaws.com`;
const envKey = (i: number) => keyOf('checkout', `env${i}`);
const indexes = (count: number) => Array.from({ length: count }, (_, i) => i);
let world: World;
let model: Environment;
beforeEach(async () => {
  world = await ready();
  model = await world.environment();
});

async function makeReady(i: number, parts: Partial<Environment> = {}): Promise<void> {
  if (model.release.phase !== 'ready') throw new Error('it is not Ready');
  const release = { ...model.release, address: host(i) };
  const environment = { ...model, key: envKey(i), release, ...parts, version: 1 };
  await world.store.write({ outcome: 'changed', at: world.clock.now(), environment, events: [], looks: [] });
}
const readyEvent = (i: number) =>
  told({
    type: 'EnvironmentReady',
    environment: envKey(i),
    cluster: 'main',
    at: world.clock.now(),
    digest: image,
    address: host(i),
  });

/** @returns the messages that come again, by their place. */
async function handle(...messages: readonly unknown[]): Promise<number[]> {
  const handler = batchHandler(dns({ ...world, installation }), {
    stage: 'dns',
    failures: world.store,
    refuse: async (_, reason) => void world.dead.push({ stage: 'dns', reason }),
  });
  const { batchItemFailures } = await handler({
    Records: messages.map((message, i) => sqsRecord(message, `m-${i}`)),
  });
  return batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier.slice(2)));
}
const there = async (key: EnvironmentKey) => world.zone.records(namesOf(key, naming.zone));
async function pointed(i: number): Promise<boolean> {
  const records = await there(envKey(i));
  const wanted = desiredRecords(envKey(i), naming, host(i));
  return records.length === 2 && wanted.every((want) => records.some((it) => isSame(it, want)));
}
const dnsOf = async (i: number) => (await world.environment(envKey(i))).dns?.target;
const foreign = (i: number): DnsRecord => ({
  name: namesOf(envKey(i), naming.zone)[0],
  type: 'A',
  ttl: 300,
  values: ['192.0.2.7'],
});
const put = (...records: DnsRecord[]) =>
  world.zone.change(records.map((record) => ({ action: 'CREATE' as const, record })));

test('500 new environments are two calls and no look; twice is a look at what is there, and no change', async () => {
  for (const i of indexes(500)) await makeReady(i);
  expect(await handle(...indexes(500).map(readyEvent))).toEqual([]);
  expect(world.zone.calls).toEqual({ list: 0, change: 2 });
  expect(await dnsOf(0)).toBe(host(0));
  expect(await dnsOf(499)).toBe(host(499));
  const { version } = await world.environment(envKey(7));
  expect(await handle(...indexes(500).map(readyEvent))).toEqual([]);
  expect(world.zone.calls).toEqual({ list: 10, change: 2 });
  expect((await world.environment(envKey(7))).version).toBe(version);
  expect(await pointed(499)).toBe(true);
});

test('one that moved is one call; several messages for it are one change', async () => {
  await makeReady(0, { dns: { name: 'env0', target: host(9) } });
  await put(...desiredRecords(envKey(0), naming, host(9)));
  expect(await handle(readyEvent(0), look(envKey(0)), readyEvent(0))).toEqual([]);
  expect(world.zone.calls.list).toBe(0);
  expect(await pointed(0)).toBe(true);
});

test('what is not as it was written is read, and put right: somebody changed it by hand', async () => {
  await makeReady(0, { dns: { name: 'env0', target: host(9) } });
  await put(...desiredRecords(envKey(0), naming, host(8)));
  await makeReady(1, { dns: { name: 'env1', target: host(9) } });
  await makeReady(2);
  expect(await handle(...indexes(3).map(readyEvent))).toEqual([]);
  for (const i of indexes(3)) expect(await pointed(i)).toBe(true);
});

test("one name that is somebody else's holds up nobody, and is told of", async () => {
  for (const i of indexes(20)) await makeReady(i);
  await put(foreign(7));
  expect(await handle(...indexes(20).map(readyEvent))).toEqual([]);
  for (const i of indexes(20)) expect(await pointed(i)).toBe(i !== 7);
  expect(await there(envKey(7))).toEqual([foreign(7)]);
  expect(await dnsOf(7)).toBeUndefined();
  expect(world.dead).toEqual([
    {
      stage: 'dns',
      reason: expect.stringMatching(/^A env7\.checkout\.schwifty\.example exists and is not ours/),
    },
  ]);
});

test('a refusal that names nothing is looked for in halves, as far as the bucket goes; in the end it is that one alone', async () => {
  for (const i of indexes(500)) await makeReady(i);
  world.zone.before = (changes) => {
    const isBad = changes.some(({ record }) => record.name.startsWith('env123.'));
    if (isBad) throw new Conflict('Route 53 refused the changes: something is wrong');
  };
  let left = await handle(...indexes(500).map(readyEvent));
  expect(left).toContain(123);
  expect(left.length).toBeLessThanOrEqual(125);
  world.clock.advance(185);
  left = (await handle(...left.map(readyEvent))).map((at) => left[at] ?? -1);
  expect(left).toEqual([123]);
  for (const i of [0, 122, 124, 499]) expect(await pointed(i)).toBe(true);
  expect(await there(envKey(123))).toEqual([]);
  expect(await dnsOf(123)).toBeUndefined();
});

test('throttled: what was done is written, what was not comes again', async () => {
  for (const i of indexes(600)) await makeReady(i);
  let calls = 0;
  world.zone.before = () => {
    if (++calls > 2) throw new Retryable('ChangeResourceRecordSets: Throttling: Rate exceeded');
  };
  const again = await handle(...indexes(600).map(readyEvent));
  expect(again).toEqual(indexes(100).map((i) => i + 500));
  expect(calls).toBe(3);
  expect(await dnsOf(499)).toBe(host(499));
  expect(await dnsOf(500)).toBeUndefined();
  world.zone.before = () => undefined;
  expect(await handle(...again.map(readyEvent))).toEqual([]);
  expect(await pointed(599)).toBe(true);
});

test('the bucket of changes is real: 1,500 at once, and 500 more five seconds later', async () => {
  for (const i of indexes(1000)) await makeReady(i);
  expect(await handle(...indexes(1000).map(readyEvent))).toEqual(indexes(250).map((i) => i + 750));
  world.clock.advance(5);
  expect(await handle(...indexes(250).map((i) => readyEvent(i + 750)))).toEqual([]);
  expect(await pointed(999)).toBe(true);
});

test('a zone that is missing: of events people are told what to do, and looks ask again in ten minutes', async () => {
  for (const i of indexes(2)) await makeReady(i);
  world.clock.advance(120);
  world.zone.before = () => {
    throw new Rejected('There is no hosted zone Z1: put dns.hostedZoneId right.');
  };
  expect(await handle(readyEvent(0), look(envKey(1)))).toEqual([]);
  expect(world.dead.map(({ reason }) => reason)).toEqual([
    'There is no hosted zone Z1: put dns.hostedZoneId right.',
  ]);
  const { release } = await world.environment(envKey(1));
  const later = release.phase === 'ready' ? release.pointAt : undefined;
  expect(later && Date.parse(later) - Date.parse(world.clock.now())).toBe(600_000);
});

test('of a batch, one environment that somebody else wrote first is done again, with what they wrote', async () => {
  for (const i of indexes(3)) await makeReady(i);
  const write = world.store.write.bind(world.store);
  let isFirst = true;
  world.store.write = async (change, enclosed) => {
    if (isFirst && change.environment.key.name === 'env1') {
      isFirst = false;
      throw new Conflict('somebody else wrote first');
    }
    await write(change, enclosed);
  };
  expect(await handle(...indexes(3).map(readyEvent))).toEqual([]);
  for (const i of indexes(3)) expect(await dnsOf(i)).toBe(host(i));
});

test('messages that are none of its business are refused, each by itself', async () => {
  await makeReady(0);
  expect(await handle({ kind: 'alive', cluster: 'main', at: world.clock.now() }, '{', readyEvent(0))).toEqual(
    [],
  );
  expect(world.dead).toHaveLength(2);
  expect(await pointed(0)).toBe(true);
});

test('an environment that is not there has no name', async () => {
  expect(await handle(readyEvent(3), look(envKey(4)))).toEqual([]);
  expect(world.zone.names()).toEqual([]);
});

/** Sweeps until no page is left. */
async function sweep(): Promise<void> {
  const before = world.sweeps.sent.length;
  expect(await handle({ kind: 'sweep' })).toEqual([]);
  for (let i = before; i < world.sweeps.sent.length; i++)
    expect(await handle(world.sweeps.sent[i])).toEqual([]);
}

test('orphans are found page by page and taken away; what has an environment, or is not ours, stays', async () => {
  for (const i of indexes(200)) await makeReady(i);
  expect(await handle(...indexes(200).map(readyEvent))).toEqual([]);
  world.clock.advance(60);
  const deleted = { state: 'deleted' as const, since: world.clock.now(), by: 'rita' };
  await makeReady(200, { life: deleted });
  await put(...desiredRecords(envKey(200), naming, host(200)));
  await put(...desiredRecords(envKey(201), naming, host(201)));
  const others = desiredRecords(envKey(202), { ...naming, installation: 'ba9876543210' }, host(202));
  await put(...others, foreign(203));
  const kept = world.zone.names().filter((name) => !/env20[01]\./.test(name));
  await sweep();
  expect(world.sweeps.sent).toHaveLength(1);
  expect([...world.zone.names()].sort()).toEqual([...kept].sort());
});

test('a sweep puts right what somebody changed by hand', async () => {
  await makeReady(0);
  expect(await handle(readyEvent(0))).toEqual([]);
  const address = desiredRecords(envKey(0), naming, host(0))[1];
  if (!address) throw new Error('no address');
  await world.zone.change([{ action: 'DELETE', record: address }]);
  await sweep();
  expect(await pointed(0)).toBe(true);
});

test('an orphan whose name is asked for anew meanwhile is left to it', async () => {
  await put(...desiredRecords(envKey(1), naming, host(1)));
  const read = world.zone.records.bind(world.zone);
  world.zone.records = async (names) => {
    const found = await read(names);
    world.zone.records = read;
    await makeReady(1, { dns: { name: 'env1', target: host(5) } });
    await handle(readyEvent(1));
    return found;
  };
  const { release } = model;
  if (release.phase !== 'ready') throw new Error('it is not Ready');
  await sweep();
  const records = await there(envKey(1));
  const owned = ownedIn(records, naming);
  // Taken away or not: what is there is whole.
  expect(records).toHaveLength(owned.length * 2);
});

test('reconcile begins a sweep once an hour', async () => {
  await put(...desiredRecords(envKey(1), naming, host(1)));
  await world.pass(3600);
  expect(world.sweeps.sent).toHaveLength(1);
  expect(await there(envKey(1))).toEqual([]);
});
