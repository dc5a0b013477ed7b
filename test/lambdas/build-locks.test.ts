/** What a build installs again: the stage asks the registry for it, and says in the history what it was told. */
import { expect, test, vi } from 'vitest';
import { Retryable } from '#core/errors.ts';
import { digestOf, web } from '../contracts/samples.ts';
import { registryHost } from './stages.ts';
import { building, scanning } from './ways.ts';
import { look, rita, told, type World } from './world.ts';

const requestedEvent = { type: 'EnvironmentRequested', environment: web, cluster: 'main', build: 1 } as const;
const asked = (world: World) => told({ ...requestedEvent, at: world.clock.now() });
const did = async (world: World) => (await world.store.audit(web, 50)).at(-1)?.what;
const lockOf = async (world: World): Promise<string> => {
  const other = await building();
  await other.deliver('build', asked(other));
  const [started] = [...other.builder.builds.values()];
  world.builder.addBase('cache/checkout/web', started?.lock ?? '', digestOf('lock'));
  return `${registryHost}/cache/checkout/web@${digestOf('lock')}\n`;
};

test('where nothing was resolved of the same before, all is looked up anew, and the history says so', async () => {
  const world = await building();
  await world.deliver('build', asked(world));
  const [started] = [...world.builder.builds.values()];
  expect(started?.context).not.toHaveProperty('locked');
  expect(await did(world)).toBe('started build 1, in which all is looked up anew');
});

test('what was resolved of the same is given to the build by its digest, and the history says so', async () => {
  const world = await building();
  const locked = await lockOf(world);
  await world.deliver('build', asked(world));
  const [started] = [...world.builder.builds.values()];
  expect(started?.context['locked']).toBe(locked);
  expect(await did(world)).toBe('started build 1, of what was resolved for the same before');
});

test('a registry that can not say what was resolved starts no build; the message comes again', async () => {
  const world = await building();
  await lockOf(world);
  const resolve = world.builder.resolveBase.bind(world.builder);
  vi.spyOn(world.builder, 'resolveBase').mockImplementation(async (base) => {
    if (base.repository.startsWith('cache/')) throw new Retryable('DescribeImages: ServerException');
    return resolve(base);
  });
  await expect(world.deliver('build', asked(world))).rejects.toThrow('ServerException');
  expect(world.builder.builds.size).toBe(0);
  expect((await world.environment()).candidate).toMatchObject({ phase: 'building', build: { number: 1 } });
  vi.restoreAllMocks();
  await world.deliver('build', asked(world));
  expect(await did(world)).toBe('started build 1, of what was resolved for the same before');
});

test('a rebuild without the cache takes nothing of what was resolved', async () => {
  const world = await scanning();
  await lockOf(world);
  const { version } = await world.environment();
  const answer = await world.api(rita).request('/environments/checkout/web/builds', {
    method: 'POST',
    headers: { 'idempotency-key': 'k', 'if-match': `"${version}"`, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(answer.status).toBe(201);
  await world.deliver('build', look());
  const started = [...world.builder.builds.values()].at(-1);
  expect(started).toMatchObject({ withoutCache: true, number: 2 });
  expect(started?.context).not.toHaveProperty('locked');
  expect(await did(world)).toBe('started build 2, in which all is looked up anew');
});
