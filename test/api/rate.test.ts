/** The rate of a team: who takes from its bucket, and what is said when it is empty. */
import { expect, test } from 'vitest';
import { Retryable } from '#core/errors.ts';
import type { Person } from '#core/roles.ts';
import { Team } from '#core/team.ts';
import { anna, config, rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const teams = [
  Team.parse({ ...config.teams[0], rate: { perSecond: 0.5, burst: 3 } }),
  Team.parse({ name: 'search', members: 'search-members', approvers: 'search-approvers' }),
];
const limited = () => new World({ teams, rate: { perSecond: 1, burst: 1 } });
const sven: Person = { name: 'sven', groups: [] };
const status = async (world: World, person: Person, path = '/environments') =>
  (await call(world, person, 'GET', path)).status;

test('429 with Retry-After, for all of the team, until the bucket has something again', async () => {
  const world = limited();
  for (const person of [rita, anna, rita]) expect(await status(world, person)).toBe(200);
  const answer = await call(world, anna, 'GET', '/environments/checkout/web');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2']);
  expect(await answer.json()).toMatchObject({
    title: 'Too many requests',
    detail: 'Team checkout has 0.5 requests a second, and 3 at once: come again in 2 s.',
  });
  world.clock.advance(2);
  expect(await status(world, rita)).toBe(200);
});

test("a stranger takes nothing of the team's, and has a bucket of their own", async () => {
  const world = limited();
  for (let i = 0; i < 9; i++)
    expect(await refused(world, sven, 'GET', '/environments/checkout/web')).toMatchObject({ status: 403 });
  expect(await status(world, rita)).toBe(200);
  expect([await status(world, sven), await status(world, sven)]).toEqual([200, 429]);
});

test('health is for whoever asks, however often', async () => {
  const world = limited();
  for (let i = 0; i < 9; i++) expect(await status(world, sven, '/health')).toBe(200);
});

test('503 where the bucket is not to be had: nothing goes past it', async () => {
  const world = limited();
  world.buckets.take = () => Promise.reject(new Retryable('UpdateItem: ThrottlingException'));
  expect(await refused(world, rita, 'GET', '/environments')).toMatchObject({ status: 503 });
});
