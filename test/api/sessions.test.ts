/** Who logged in, over the API: for the team, page by page, also when the environment is gone. */
import { expect, test } from 'vitest';
import { SessionsAnswer } from '#api/answers.ts';
import { addSeconds, EnvironmentKey } from '#core/names.ts';
import { KeyId } from '#core/person-key.ts';
import type { Person } from '#core/roles.ts';
import { spec, start } from '../contracts/samples.ts';
import { olga, rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const sven: Person = { name: 'sven', groups: ['other-members'] };
const path = '/teams/checkout/environments/web/sessions';
const key = EnvironmentKey.parse({ team: 'checkout', name: 'web' });

async function listed(world: World, query = '') {
  const answer = await call(world, rita, 'GET', `${path}${query}`);
  expect(answer.status).toBe(200);
  return SessionsAnswer.parse(await answer.json());
}
const record = (world: World, n: number) =>
  world.sessions.record({
    ...{ ...key, state: 'open', version: 1, person: 'anna', key: KeyId.parse('k'.repeat(43)) },
    ...{ from: '10.1.2.3:55000', connection: n.toString(16).padStart(32, '0') },
    beganAt: addSeconds(start, n),
  });

test('an environment that nobody logged in to has none, and one that never was is not found', async () => {
  const world = new World();
  expect(await refused(world, rita, 'GET', path)).toMatchObject({ status: 404 });
  const cursor = encodeURIComponent(`2026-01-05T10:00:00.000Z/${'0'.repeat(32)}`);
  expect(await refused(world, rita, 'GET', `${path}?cursor=${cursor}`)).toMatchObject({ status: 404 });
  await call(world, rita, 'POST', '/environments', { team: 'checkout', name: 'web', spec });
  expect(await listed(world)).toEqual({ sessions: [] });
});

test('they are told from the newest on, page by page, without what is of the table', async () => {
  const world = new World();
  for (let n = 0; n < 120; n += 1) await record(world, n);
  const found: string[] = [];
  let query = '';
  for (let pages = 0; pages < 3; pages += 1) {
    const { sessions, next } = await listed(world, query);
    found.push(...sessions.map(({ beganAt }) => beganAt));
    const told = Object.keys(sessions[0] ?? {}).sort();
    expect(told).toEqual(['beganAt', 'connection', 'from', 'key', 'person', 'state']);
    query = `?cursor=${encodeURIComponent(next ?? '')}`;
    expect(next === undefined).toBe(pages === 2);
  }
  expect(found).toEqual(Array.from({ length: 120 }, (_, n) => addSeconds(start, 119 - n)));
});

test('they are for those who see the environments, and a cursor is one of an earlier page', async () => {
  const world = new World();
  await record(world, 1);
  for (const person of [sven, olga])
    expect(await refused(world, person, 'GET', path)).toMatchObject({ status: 403 });
  for (const cursor of ['x', '%27', `${start}/..`, ''])
    expect(await refused(world, rita, 'GET', `${path}?cursor=${cursor}`)).toMatchObject({
      status: 422,
      fields: [{ path: 'cursor' }],
    });
});
