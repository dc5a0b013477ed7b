import { expect, test } from 'vitest';
import { releaseTag } from '#core/image.ts';
import { next } from '#core/machine.ts';
import { complete, digestOf, finding, mustChange, requested, web } from '../contracts/samples.ts';
import { awaitingApproval, image, promoting } from './ways.ts';
import { anna, candidate, config, crashing, look, pushEvent, release, told, World } from './world.ts';

const approved = (world: World) =>
  told({
    type: 'ImageApproved',
    environment: web,
    cluster: 'main',
    at: world.clock.now(),
    digest: image,
    approver: anna.name,
  });
const released = (world: World) => world.registry.imageByTag(release, releaseTag(image));
const events = async (world: World) =>
  (await world.store.pending(world.clock.now(), 100)).flatMap(({ message }) =>
    message.kind === 'event' ? [message.event.type] : [],
  );
/** Why it was not promoted, as it is told, and where the image is then. */
const refusal = async (world: World) => {
  expect(await released(world)).toBeUndefined();
  const entries = await world.store.pending(world.clock.now(), 100);
  const told = entries.flatMap(({ message }) => (message.kind === 'event' ? [message.event] : []));
  expect(told.map(({ type }) => type)).toEqual(['PromotionRefused']);
  const reason = told.flatMap((event) => (event.type === 'PromotionRefused' ? [event.reason] : []))[0];
  return { reason, phase: (await world.environment()).candidate.phase };
};

test('the approved digest is released under its immutable tag and told once, however often it is asked for', async () => {
  const world = await promoting();
  await world.deliver('promote', approved(world));
  await world.deliver('promote', approved(world));
  await world.deliver('promote', look());
  expect((await released(world))?.digest).toBe(image);
  expect(await events(world)).toEqual(['ImagePromoted']);
  expect((await world.environment()).release).toMatchObject({ phase: 'deploying', digest: image });
});

test('what nobody approved is not promoted, whatever a message says', async () => {
  const world = await awaitingApproval();
  await world.deliver('promote', approved(world));
  await world.deliver('promote', look());
  expect(await released(world)).toBeUndefined();
  expect((await world.environment()).candidate.phase).toBe('awaiting-approval');
});

test('of an environment that is deleted meanwhile nothing is released', async () => {
  const world = await promoting();
  const environment = await world.environment();
  const person = { name: 'alice', groups: [] };
  const asked = next(environment, { kind: 'deletion-asked', person }, world.clock.now());
  await world.store.write(mustChange(asked));
  await world.deliver('promote', approved(world));
  expect(await released(world)).toBeUndefined();
  expect(world.dead).toEqual([]);
});

test('an approval that is told for another environment state is late, not wrong', async () => {
  const world = new World();
  await world.deliver('promote', approved(world));
  await world.store.write(requested());
  await world.deliver('promote', approved(world));
  expect(world.dead).toEqual([]);
});

test('image deleted between approval and promotion', async () => {
  const world = await promoting();
  world.registry.delete(candidate, image);
  await world.deliver('promote', approved(world));
  expect(await refusal(world)).toEqual({
    phase: 'refused',
    reason: 'the image was deleted from the candidate repository: build it again',
  });
});

test('tag moved between approval and promotion: the approved digest is what is released', async () => {
  const world = await promoting();
  const other = digestOf('other');
  world.registry.push(candidate, other, 'build-1');
  await world.deliver('promote', approved(world));
  expect((await released(world))?.digest).toBe(image);
  expect(await world.registry.image(release, other)).toBeUndefined();
});

test('a newer push between approval and promotion voids the approval', async () => {
  const world = await promoting();
  const newer = digestOf('newer');
  world.clock.advance(1);
  world.registry.push(candidate, newer, 'by-hand');
  await world.deliver('gate', pushEvent(candidate, newer, 'by-hand'));
  await world.deliver('promote', approved(world));
  expect(await released(world)).toBeUndefined();
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'scanning',
    image: { digest: newer },
  });
});

test('verdict turned between approval and promotion, though the gate was not told', async () => {
  const world = await promoting();
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding()));
  await world.deliver('promote', approved(world));
  expect(await refusal(world)).toEqual({
    phase: 'scanning',
    reason:
      'the verdict is now block: CVE-2019-10906 CRITICAL: jinja2 2.10, fixed in 2.10.1 (rule severity of policy 1)',
  });
});

test.each([
  [{ status: 'pending' } as const, 'the verdict is now block: The scan has not ended yet'],
  [
    { status: 'failed', reason: 'internal error' } as const,
    'the verdict is now block: The scan failed: internal error',
  ],
])('a scan that is now %o proves nothing', async (scan, reason) => {
  const world = await promoting();
  world.registry.setScan(candidate, image, scan);
  await world.deliver('promote', approved(world));
  expect((await refusal(world)).reason).toContain(reason);
});

test('a scan that grew too old proves nothing', async () => {
  const world = await promoting();
  world.clock.advance(25 * 3600);
  await world.deliver('promote', approved(world));
  expect((await refusal(world)).reason).toContain('the verdict is now stale: The scan ended at');
});

test('policy or waivers changed between approval and promotion', async () => {
  const world = await promoting();
  const newer = { ...config, policy: { ...config.policy, version: '2' } };
  await world.deliver('promote', approved(world), { config: newer });
  expect((await refusal(world)).reason).toContain('the policy or the waivers changed since the approval');
  await world.deliver('gate', look(), { config: newer });
  expect((await world.environment()).candidate).toMatchObject({
    phase: 'awaiting-approval',
    basis: { policyVersion: '2' },
  });
});

test.each(['before', 'after'] as const)(
  'crashed %s the write, with the image copied: released once, told once',
  async (when) => {
    const world = await promoting();
    const store = crashing(world.store, when);
    await expect(world.deliver('promote', approved(world), { store })).rejects.toThrow('crashed');
    expect((await released(world))?.digest).toBe(image);
    await world.deliver('promote', approved(world));
    expect(await events(world)).toEqual(['ImagePromoted']);
  },
);

test('two at once: promoted once', async () => {
  const world = await promoting();
  await Promise.all([world.deliver('promote', approved(world)), world.deliver('promote', look())]);
  expect(await events(world)).toEqual(['ImagePromoted']);
});

test('a registry that refuses for good is the reason; one that does not answer is tried again', async () => {
  const world = await promoting();
  world.registry.push(release, digestOf('squatter'), releaseTag(image));
  await world.deliver('promote', approved(world));
  const { candidate: after } = await world.environment();
  expect(after).toMatchObject({
    phase: 'refused',
    reason: expect.stringContaining('is immutable and names'),
  });

  const other = await promoting();
  const down = new Error('The registry did not answer');
  other.registry.copy = () => Promise.reject(down);
  await expect(other.deliver('promote', approved(other))).rejects.toBe(down);
  expect((await other.environment()).candidate.phase).toBe('promoting');
});

test('what it does not take is refused', async () => {
  const world = await promoting();
  await world.deliver('promote', pushEvent(candidate, image, 'build-1'));
  expect(world.dead.map(({ reason }) => reason)).toEqual([
    'The promoter takes approvals and looks, not image: is a rule too wide?',
  ]);
});

test('image deleted between scan and promotion, and pushed again as another: what was approved is gone', async () => {
  const world = await promoting();
  world.registry.delete(candidate, image);
  world.registry.push(candidate, digestOf('other'), 'build-1');
  await world.deliver('promote', approved(world));
  expect(await refusal(world)).toEqual({
    phase: 'refused',
    reason: 'the image was deleted from the candidate repository: build it again',
  });
});

test('image deleted between the last look at it and its copying: refused, and nothing is released', async () => {
  const world = await promoting();
  const { scan } = world.registry;
  world.registry.scan = async (repository, digest) => {
    const found = await scan.call(world.registry, repository, digest);
    world.registry.delete(candidate, image);
    return found;
  };
  await world.deliver('promote', approved(world));
  expect(await refusal(world)).toEqual({
    phase: 'refused',
    reason: `${candidate}@${image} is no longer in the registry: push it again.`,
  });
});

test('a message can not say what is copied, or where to: repositories and digest are the stored ones', async () => {
  const world = await promoting();
  const copied: unknown[] = [];
  world.registry.copy = async (...what) => void copied.push(what);
  const strange = {
    registry: 'https://elsewhere.example',
    repository: 'release/other/team',
    to: 'elsewhere',
  };
  await world.deliver('promote', { ...approved(world), ...strange });
  await world.deliver('promote', { ...look(), ...strange });
  expect(copied).toEqual([[candidate, release, image, releaseTag(image)]]);
});
