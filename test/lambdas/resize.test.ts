/** Another size for what runs: in place where the cluster can, else by a rollout, and its history says which. */
import { beforeEach, expect, test } from 'vitest';
import { change as changed } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { next } from '#core/machine.ts';
import { isHeld } from '#core/resize.ts';
import { spec, web } from '../contracts/samples.ts';
import { rita } from './stages.ts';
import { ready } from './ways.ts';
import { crashing, look, type World } from './world.ts';

const size = { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } };
const bigger = { ...spec, resources: { cpu: 1, memoryMiB: 1024, gpu: 0 } };

let world: World;
beforeEach(async () => {
  world = await ready();
  world.cluster.resizes = true;
});

const change = async (wanted = bigger) =>
  world.decide((environment, now) => next(environment, { kind: 'changed', spec: wanted, person: rita }, now));
async function seen() {
  const { pods, deployment, objects } = await world.cluster.look(web);
  const live = objects.find(({ kind }) => kind === 'Deployment');
  return {
    sizes: pods.map((pod) => pod.spec.containers[0]?.resources),
    isRolledOut: deployment?.status.updatedReplicas === 1,
    held: isHeld({ live }),
    template: JSON.stringify(live).includes('"memory":"1Gi"'),
  };
}
const lines = async () => (await world.store.audit(web, 30)).map(({ what }) => what).join('\n');
const times = async (line: string) => (await lines()).split(line).length - 1;
const done = { sizes: [size], isRolledOut: true, held: false, template: true };

test('in place: no build, no approval, no other pod', async () => {
  const before = await world.environment();
  await change();
  await world.pass(60);
  expect(await seen()).toEqual(done);
  const { release, builds, candidate } = await world.environment();
  expect([release.phase, builds, candidate]).toEqual(['ready', before.builds, before.candidate]);
  expect(await lines()).toContain('its pods were resized in place');
  expect(await lines()).not.toContain('are replaced');
});

test('it is not called Ready before its pods have their size', async () => {
  await change();
  await world.deliver('deploy', look());
  world.clock.advance(61);
  await world.deliver('deploy', look());
  expect((await world.environment()).release.phase).toBe('deploying');
});

test('the bounds of its namespace are moved first', async () => {
  await change();
  world.clock.advance(61);
  await world.deliver('deploy', look());
  const { sizes, template } = await seen();
  expect([sizes[0]?.limits?.['memory'], template]).toEqual(['256Mi', false]);
  const { objects } = await world.cluster.look(web);
  expect(objects.find(({ kind }) => kind === 'LimitRange')).toMatchObject({
    spec: { limits: [{ max: { memory: '1Gi' } }] },
  });
});

test.each(['before', 'after'] as const)('crashed %s each of its writes, it ends the same', async (when) => {
  await change();
  for (let i = 0; i < 8; i++) {
    world.clock.advance(61);
    await world.deliver('deploy', look(), { store: crashing(world.store, when) }).catch(() => undefined);
  }
  await world.pass(30);
  expect(await seen()).toEqual(done);
  expect((await world.environment()).release.phase).toBe('ready');
  expect(await times('its pods were resized in place')).toBe(1);
});

test.each(['before', 'after'] as const)(
  'crashed %s each of its writes where pods are replaced, why is said once',
  async (when) => {
    world.cluster.resizes = false;
    await change();
    for (let i = 0; i < 8; i++) {
      world.clock.advance(61);
      await world.deliver('deploy', look(), { store: crashing(world.store, when) }).catch(() => undefined);
    }
    await world.pass(30);
    expect(await seen()).toMatchObject({ isRolledOut: false, held: false, template: true });
    expect(await times('its pods are replaced for their new size')).toBe(1);
  },
);

test('somebody else wrote in between, at each look: how it went is said once', async () => {
  await change();
  const busy = new Proxy(world.store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'write') return value.bind(target);
      return async (...args: Parameters<World['store']['write']>) => {
        const { version } = args[0].environment;
        if (version > wrote) {
          wrote = version;
          await world.decide((environment, now) => nothingMuch(environment, now));
        }
        return target.write(...args);
      };
    },
  });
  let wrote = 0;
  for (let i = 0; i < 12; i++) {
    world.clock.advance(61);
    await world.deliver('deploy', look(), { store: busy }).catch(() => world.deliver('deploy', look()));
  }
  expect(await seen()).toEqual(done);
  expect(await times('its pods were resized in place')).toBe(1);
});
const nothingMuch = (environment: Environment, now: string) =>
  changed(environment, {}, { at: now, actor: 'dns' });

test('where the cluster resizes nothing, or will not have it, pods are replaced, and why is said', async () => {
  world.cluster.resizes = false;
  await change();
  await world.pass(30);
  expect(await seen()).toMatchObject({ isRolledOut: false, held: false, template: true });
  expect(await lines()).toContain(
    'its pods are replaced for their new size: the cluster does not resize pods that run',
  );
});

test('a size that the cluster refuses is rolled out, in its words', async () => {
  world.cluster.refusesResize = 'the node has not so much';
  await change();
  await world.pass(30);
  expect(await seen()).toMatchObject({ isRolledOut: false, held: false, template: true });
  expect(await lines()).toContain('its pods are replaced for their new size: the node has not so much');
});

test('GPUs are no matter of a pod that runs', async () => {
  await change({ ...bigger, resources: { ...bigger.resources, gpu: 1 } });
  await world.pass(30);
  expect(await seen()).toMatchObject({ isRolledOut: false, held: false });
  expect(await lines()).toContain('a pod keeps the GPUs that it began with');
});

test('stopped in the midst of it, nothing stays held', async () => {
  await change();
  for (let i = 0; i < 20 && !(await seen()).held; i++) await world.pass(1);
  expect((await seen()).held).toBe(true);
  await world.decide((environment, now) => next(environment, { kind: 'stop-asked', person: rita }, now));
  await world.pass(30);
  expect((await seen()).held).toBe(false);
  expect((await world.environment()).release.phase).toBe('stopped');
});

test('what somebody else changed by hand is put back by a rollout, as ever', async () => {
  world.cluster.edit(web, 'Deployment', (object) => {
    const text = JSON.stringify(object).replaceAll('256Mi', '128Mi');
    return JSON.parse(text);
  });
  world.clock.advance(61);
  await world.deliver('deploy', look());
  expect(await lines()).toContain('put back Deployment app');
  expect(await lines()).not.toContain('resized in place');
});
