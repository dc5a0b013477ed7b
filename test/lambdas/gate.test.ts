import { expect, test, vi } from 'vitest';
import { signalOf } from '#lambdas/runtime/queue.ts';
import { complete, digestOf, finding, keyOf, web } from '../contracts/samples.ts';
import { awaitingApproval, building, image, promoting, ready, scanning } from './ways.ts';
import { candidate, crashing, look, pushEvent, release, scanEvent, sqsRecord, told, World } from './world.ts';

const pushedNow = pushEvent(candidate, image, 'build-1');
const scannedNow = scanEvent(candidate, image);
const stored = (world: World) => world.store.verdict(web, image);

test('a push while the build is waited for: its scan is awaited', async () => {
  const world = await building();
  world.registry.push(candidate, image, 'build-1');
  await world.deliver('gate', pushedNow);
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'scanning',
    image: { digest: image },
  });
  expect(await stored(world)).toBeUndefined();
});

test('a complete scan without blocking findings passes: the verdict is stored and told once', async () => {
  const world = await scanning();
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding({ severity: 'LOW' })));
  await world.deliver('gate', scannedNow);
  await world.deliver('gate', scannedNow);
  expect(await stored(world)).toMatchObject({ result: 'pass', counts: { LOW: 1 } });
  expect((await world.environment()).candidate.phase).toBe('awaiting-approval');
  const events = await world.store.pending(world.clock.now(), 100);
  expect(events.map(({ message }) => message)).toMatchObject([{ event: { type: 'ImagePassed' } }]);
});

test('the scan that is told before the push', async () => {
  const world = await building();
  world.registry.push(candidate, image, 'build-1');
  world.registry.setScan(candidate, image, complete(world.clock.now()));
  await world.deliver('gate', scannedNow);
  const { version, candidate: after } = await world.environment();
  expect(after.phase).toBe('awaiting-approval');
  await world.deliver('gate', pushedNow);
  expect((await world.environment()).version).toBe(version);
});

test.each([
  [{ status: 'failed', reason: 'internal error' } as const, 'scan-failed', 'The scan failed: internal error'],
  [
    { status: 'unsupported', reason: 'The operating system is not supported' } as const,
    'scan-unsupported',
    "ECR can't scan this image: The operating system is not supported",
  ],
])('a scan that ended %o blocks', async (scan, rule, message) => {
  const world = await scanning();
  world.registry.setScan(candidate, image, scan);
  await world.deliver('gate', scannedNow);
  expect(await stored(world)).toMatchObject({ result: 'block', reasons: [{ rule, message }] });
  expect((await world.environment()).candidate).toMatchObject({ phase: 'blocked', blocking: 1 });
});

test('a scan that never ends is waited for half an hour, then its absence blocks', async () => {
  const world = await scanning();
  await world.pass(1799);
  expect((await world.environment()).candidate.phase).toBe('scanning');
  await world.pass(200);
  expect((await world.environment()).candidate.phase).toBe('blocked');
  expect(await stored(world)).toMatchObject({ reasons: [{ rule: 'scan-pending' }] });
  world.registry.setScan(candidate, image, complete(world.clock.now()));
  await world.deliver('gate', scannedNow);
  expect((await world.environment()).candidate.phase).toBe('awaiting-approval');
});

test('a look before its time asks nothing, a due one finds the scan that was not told', async () => {
  const world = await scanning();
  world.registry.setScan(candidate, image, complete(world.clock.now()));
  await world.deliver('gate', look());
  expect((await world.environment()).candidate.phase).toBe('scanning');
  world.clock.advance(60);
  await world.deliver('gate', look());
  expect((await world.environment()).candidate.phase).toBe('awaiting-approval');
});

test('an image that was deleted before it was judged gets no verdict', async () => {
  const world = await scanning();
  world.registry.delete(candidate, image);
  await world.deliver('gate', scannedNow);
  expect(await stored(world)).toBeUndefined();
  expect(world.dead).toEqual([]);
  await world.pass(2000);
  expect((await world.environment()).candidate).toMatchObject({ phase: 'blocked' });
  expect(await stored(world)).toMatchObject({ reasons: [{ rule: 'scan-missing' }] });
});

test('a verdict that turns while approval is awaited', async () => {
  const world = await awaitingApproval();
  const known = finding({ fix: 'no' });
  world.registry.setScan(candidate, image, complete(world.clock.now(), known));
  await world.deliver('gate', scannedNow);
  expect((await world.environment()).candidate).toMatchObject({ phase: 'blocked', blocking: 1 });
  world.registry.setScan(candidate, image, complete(world.clock.now()));
  await world.deliver('gate', scannedNow);
  expect((await world.environment()).candidate.phase).toBe('awaiting-approval');
});

test('a verdict that turns after the approval voids it', async () => {
  const world = await promoting();
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding({ fix: 'no' })));
  await world.deliver('gate', scannedNow);
  expect((await world.environment()).candidate.phase).toBe('blocked');
  await world.deliver('promote', look());
  expect(await world.registry.image(release, image)).toBeUndefined();
});

test('news of an older image leaves the newer one alone, its verdict is kept', async () => {
  const world = await scanning();
  const newer = digestOf('newer');
  world.clock.advance(10);
  world.registry.push(candidate, newer, 'by-hand');
  await world.deliver('gate', pushEvent(candidate, newer, 'by-hand'));
  world.registry.setScan(candidate, image, complete(world.clock.now()));
  await world.deliver('gate', scannedNow);
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'scanning',
    image: { digest: newer },
  });
  expect(await stored(world)).toMatchObject({ result: 'pass' });
});

test('an image of an environment that nobody asked for gets its verdict, and that is all', async () => {
  const world = new World();
  const repository = 'candidate/checkout/shop';
  world.registry.push(repository, image, 'v1');
  world.registry.setScan(repository, image, complete(world.clock.now(), finding()));
  await world.deliver('gate', scanEvent(repository, image));
  const shop = keyOf('checkout', 'shop');
  expect(await world.store.verdict(shop, image)).toMatchObject({ result: 'block' });
  expect(await world.store.read(shop)).toBeUndefined();
});

test.each(['before', 'after'] as const)(
  'crashed %s the verdict was written: one verdict, told once',
  async (when) => {
    const world = await scanning();
    world.registry.setScan(candidate, image, complete(world.clock.now(), finding()));
    const store = crashing(world.store, when);
    await expect(world.deliver('gate', scannedNow, { store })).rejects.toThrow('crashed');
    await world.deliver('gate', scannedNow);
    expect((await world.environment()).builds).toBe(2);
    const messages = (await world.store.pending(world.clock.now(), 100)).map(({ message }) => message);
    expect(messages).toMatchObject([
      { event: { type: 'ImageBlocked' } },
      {
        event: { type: 'RemediationRequested', build: 2, fixes: [{ package: 'jinja2', version: '2.10.1' }] },
      },
    ]);
  },
);

test('two at once: one writes, the other finds it done and tells nothing', async () => {
  const world = await scanning();
  world.registry.setScan(candidate, image, complete(world.clock.now()));
  const { version } = await world.environment();
  await Promise.all([world.deliver('gate', scannedNow), world.deliver('gate', scannedNow)]);
  expect((await world.environment()).version).toBe(version + 1);
  expect(await world.store.pending(world.clock.now(), 100)).toHaveLength(1);
});

test('what it does not take is refused', async () => {
  const world = await scanning();
  const passed = { type: 'ImagePassed', environment: web, cluster: 'main', digest: image } as const;
  await world.deliver('gate', pushEvent('base/debian', image, 'bookworm'));
  await world.deliver('gate', pushEvent('candidate/Not A Team/x', image, 'v1'));
  await world.deliver('gate', told({ ...passed, at: world.clock.now() }));
  expect(world.dead.map(({ reason }) => reason)).toEqual([
    'base/debian is no candidate repository of an environment (candidate/<team>/<name>).',
    'candidate/Not A Team/x is no candidate repository of an environment (candidate/<team>/<name>).',
    "The gate takes images and looks, not told: is a rule's pattern too wide?",
  ]);
});

test('what is pushed beside an image pushes it not aside: children of an index, signatures', async () => {
  const world = await awaitingApproval();
  world.clock.advance(1);
  const [child, signature] = [digestOf('child'), digestOf('signature')];
  world.registry.push(candidate, child, 'moves-on');
  world.registry.push(candidate, digestOf('other'), 'moves-on');
  world.registry.push(candidate, signature, image.replace(':', '-'));
  await world.deliver('gate', pushEvent(candidate, child, 'moves-on'));
  await world.deliver('gate', pushEvent(candidate, signature, image.replace(':', '-')));
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'awaiting-approval',
    image: { digest: image },
  });
});

test("a child's scan may be what its index waits for: the index is judged", async () => {
  const world = await scanning();
  const child = digestOf('child');
  world.registry.push(candidate, child, `${image.replace(':', '-')}`);
  world.registry.setScan(candidate, image, complete(world.clock.now()));
  await world.deliver('gate', scanEvent(candidate, child));
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'awaiting-approval',
    image: { digest: image },
  });
});

test('what runs is judged by its released copy where its candidate is gone: that frees no candidate', async () => {
  const world = await ready();
  const unfixable = finding({ fix: 'no' });
  world.registry.push(release, image, 'r-copy');
  world.registry.setScan(candidate, image, complete(world.clock.now(), unfixable));
  await world.deliver('gate', scanEvent(candidate, image));
  expect(await world.environment()).toMatchObject({
    candidate: { phase: 'blocked' },
    incidents: [{ kind: 'vulnerable' }],
  });
  world.registry.delete(candidate, image);
  world.registry.setScan(release, image, complete(world.clock.now()));
  world.clock.advance(3700);
  world.registry.setScan(release, image, complete(world.clock.now()));
  await world.deliver('gate', look());
  expect(await world.environment()).toMatchObject({ candidate: { phase: 'blocked' }, incidents: [] });
});

test("waivers are read once for a batch of one team's messages, and anew for the next", async () => {
  const world = await scanning();
  world.registry.setScan(candidate, image, complete(world.clock.now()));
  const list = vi.spyOn(world.waivers, 'list');
  const handle = world.stages().gate;
  const signals = [scannedNow, scannedNow, scannedNow].map((event) => signalOf(sqsRecord(event)));
  await Promise.allSettled(signals.map((signal) => handle(signal)));
  expect(list).toHaveBeenCalledTimes(1);
  await world.deliver('gate', scannedNow);
  expect(list).toHaveBeenCalledTimes(2);
});
