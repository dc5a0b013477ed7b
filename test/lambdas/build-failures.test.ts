/** What a person is told of a build that failed: what its log says, where it can be read; how its machine ended, where not. */
import { expect, test, vi } from 'vitest';
import { lineOf } from '#core/build-log.ts';
import { Retryable } from '#core/errors.ts';
import { Packages } from '#core/packages.ts';
import { requested, spec, web } from '../contracts/samples.ts';
import { buildEvent, candidate, told, World } from './world.ts';

const lines = [
  '[Container] Entering phase BUILD',
  '[2/2] STEP 8/9: RUN apt-get update && apt-get install --yes',
  'E: Unable to locate package jqq',
  'Error: building at STEP "RUN apt-get": while running runtime: exit status 100',
  '[Container] Phase complete: BUILD State: FAILED (BUILD: its commands ended with 1)',
];

/** A build that runs, and what it printed. */
async function running(): Promise<World> {
  const world = new World();
  const packages = Packages.parse({ apt: [{ name: 'curl' }, { name: 'jqq' }] });
  await world.store.write(requested({ spec: { ...spec, packages } }, world.clock.now()));
  const event = { type: 'EnvironmentRequested', environment: web, cluster: 'main', build: 1 } as const;
  await world.deliver('build', told({ ...event, at: world.clock.now() }));
  world.buildLogs.write(web, 1, ...lines.map((text) => lineOf(0, text)));
  return world;
}

async function reasonOf(world: World, ...end: [string, ('itself' | 'ended')?]): Promise<unknown> {
  const id = [...world.builder.builds.keys()].at(-1) ?? '';
  world.builder.end(id, ...end);
  await world.deliver('build', buildEvent('FAILED', id, candidate));
  const { candidate: after } = await world.environment();
  return after.phase === 'build-failed' ? after.reason : after.phase;
}

test('the package that was not found, where the spec has it, and what to do', async () => {
  expect(await reasonOf(await running(), 'FAILED in BUILD: exit status 1.')).toBe(
    'apt found no package jqq (spec.packages.apt.1). Correct its name, or take it out of the spec.',
  );
});

test('of one that others ended its log says nothing', async () => {
  const failure = 'TIMED_OUT in BUILD. A build may take 30 minutes.';
  expect(await reasonOf(await running(), failure, 'ended')).toBe(failure);
});

test('nothing waits for a log that can not be read', async () => {
  const world = await running();
  vi.spyOn(world.buildLogs, 'tail').mockRejectedValue(new Retryable('throttled'));
  expect(await reasonOf(world, 'FAILED in BUILD: exit status 1.')).toBe('FAILED in BUILD: exit status 1.');
  expect(world.dead).toEqual([]);
});
