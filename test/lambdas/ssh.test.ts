/** The deployer and an environment with SSH: one host key for ever, whatever is doubled, lost, refused or cut off between. */
import { expect, test } from 'vitest';
import { change } from '#core/decision.ts';
import type { LiveObject } from '#core/drift.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { hostKeyIn } from '#core/host-key-objects.ts';
import { Spec } from '#core/spec.ts';
import * as z from '#core/zod.ts';
import { spec, web } from '../contracts/samples.ts';
import { address, deploying } from './ways.ts';
import { look, World } from './world.ts';

const withSsh = Spec.parse({ ...spec, access: { ssh: true } });

async function asked(world = new World()): Promise<World> {
  await deploying(world);
  await world.decide((environment, at) => change(environment, { spec: withSsh }, { at, actor: 'rita' }));
  world.clock.advance(120);
  return world;
}
const objectsOf = async (world: World) => (await world.cluster.look(web)).objects;
const secretsOf = async (world: World) =>
  (await objectsOf(world)).filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name);
const Pod = z.object({
  spec: z.object({
    template: z.object({ spec: z.object({ volumes: z.array(z.looseObject({ name: z.string() })) }) }),
  }),
});
async function mountedSecret(world: World): Promise<unknown> {
  const found = (await objectsOf(world)).find(({ kind }) => kind === 'Deployment');
  const volumes = found ? Pod.parse(found).spec.template.spec.volumes : [];
  return volumes.find(({ name }) => name === 'ssh-host-key')?.['secret'];
}

test('the first look makes a host key, tells its public part alone, and no look makes another', async () => {
  const world = await asked();
  await world.deliver('deploy', look());
  const [secret, ...more] = await secretsOf(world);
  expect(more).toEqual([]);
  expect(await mountedSecret(world)).toMatchObject({ secretName: secret });
  world.cluster.rollOut(web, world.clock.now(), address);
  for (const seconds of [5, 60, 60]) {
    world.clock.advance(seconds);
    await world.deliver('deploy', look());
  }
  expect(await secretsOf(world)).toEqual([secret]);
  const environment = await world.environment();
  const held = hostKeyIn(await objectsOf(world));
  expect(environment.sshHostKey).toEqual({ publicKey: held?.publicKey, fingerprint: held?.fingerprint });
  expect(environment.release.phase).toBe('ready');
  expect(JSON.stringify(environment)).not.toMatch(/PRIVATE KEY|ssh-host-key-/);
});

test('two looks at once agree on one key', async () => {
  const world = await asked();
  await Promise.all([world.deliver('deploy', look()), world.deliver('deploy', look())]);
  const held = hostKeyIn(await objectsOf(world));
  expect(await mountedSecret(world)).toMatchObject({ secretName: held?.secret });
  expect(await secretsOf(world)).toContain(held?.secret);
});

test.each(['Secret', 'ConfigMap', 'Deployment'])('cut off at the %s: the next look goes on', async (kind) => {
  const world = await asked();
  world.cluster.before = (object) => {
    if (object.kind === kind) throw new Retryable('cut off');
  };
  await expect(world.deliver('deploy', look())).rejects.toThrow('cut off');
  world.cluster.before = () => undefined;
  world.clock.advance(5);
  await world.deliver('deploy', look());
  const held = hostKeyIn(await objectsOf(world));
  expect(await secretsOf(world)).toContain(held?.secret);
  expect(await mountedSecret(world)).toMatchObject({ secretName: held?.secret });
});

test('a cluster that refuses the Secret is why it is not Ready, and nothing without a key is rolled out', async () => {
  const world = await asked();
  world.cluster.before = ({ kind }) => {
    if (kind === 'Secret') throw new Rejected('no Secret here');
  };
  await world.deliver('deploy', look());
  expect((await objectsOf(world)).map(({ kind }) => kind)).toEqual(['Namespace']);
  for (let seconds = 0; seconds <= withSsh.readyWithinSeconds; seconds += 5) {
    world.clock.advance(5);
    await world.deliver('deploy', look());
  }
  expect((await world.environment()).release).toMatchObject({
    phase: 'held',
    reason: expect.stringContaining('no Secret here'),
  });
});

test('what somebody changed of what people log in by is put back', async () => {
  const world = await asked();
  await world.deliver('deploy', look());
  world.cluster.rollOut(web, world.clock.now(), address);
  world.clock.advance(5);
  await world.deliver('deploy', look());
  const evil = (object: LiveObject) => ({ ...object, data: { keys: 'echo my-key', passwd: '' } });
  world.cluster.edit(web, 'ConfigMap', evil, 'ssh');
  world.clock.advance(60);
  await world.deliver('deploy', look());
  const files = (await objectsOf(world)).find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'ssh',
  );
  expect(JSON.stringify(files)).not.toContain('my-key');
  expect((await world.environment()).repaired).toContain('ConfigMap ssh');
});

test('without SSH there is no key', async () => {
  const world = await deploying();
  await world.deliver('deploy', look());
  expect(await secretsOf(world)).toEqual([]);
  expect((await world.environment()).sshHostKey).toBeUndefined();
});
