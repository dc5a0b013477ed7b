/** Lists: page by page over the teams that a person may see, in order, nothing twice and nothing left out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EnvironmentsAnswer } from '#api/answers.ts';
import type { Person } from '#core/roles.ts';
import { Team } from '#core/team.ts';
import { keyOf, requested } from '../contracts/samples.ts';
import { ready } from '../lambdas/ways.ts';
import { rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const teams = ['alpha', 'beta', 'gamma'].map((name) =>
  Team.parse({ name, members: `${name}-members`, approvers: `${name}-approvers` }),
);
const member = (...of: string[]): Person => ({ name: 'pat', groups: of.map((team) => `${team}-members`) });

async function pages(world: World, person: Person, query: Record<string, string>) {
  const found: EnvironmentsAnswer[] = [];
  let cursor: string | undefined;
  do {
    const search = new URLSearchParams({ ...query, ...(cursor && { cursor }) });
    const answer = await call(world, person, 'GET', `/environments?${search}`);
    expect(answer.status).toBe(200);
    const page = EnvironmentsAnswer.parse(await answer.json());
    found.push(page);
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}
const idsOf = (found: readonly EnvironmentsAnswer[]) =>
  found.flatMap(({ environments }) => environments.map(({ key }) => `${key.team}/${key.name}`));

test('one line says what runs, and nothing large', async () => {
  const answer = await call(await ready(), rita, 'GET', '/environments');
  const { environments } = EnvironmentsAnswer.parse(await answer.json());
  expect(environments).toMatchObject([{ key: { team: 'checkout', name: 'web' }, phase: 'ready' }]);
  expect(Object.keys(environments[0] ?? {})).not.toContain('spec');
});

test('pages add up to all that the person may see, in order', async () => {
  const id = fc.tuple(fc.constantFrom('alpha', 'beta', 'gamma'), fc.integer({ min: 0, max: 9 }));
  const asked = fc.record({
    ids: fc.uniqueArray(id, { selector: String, maxLength: 12 }),
    limit: fc.integer({ min: 1, max: 5 }),
    mine: fc.subarray(['alpha', 'beta', 'gamma']),
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ ids, limit, mine }) => {
      const world = new World({ teams });
      for (const [team, n] of ids) await world.store.write(requested({ key: keyOf(team, `n${n}`) }));
      const found = await pages(world, member(...mine), { limit: String(limit) });
      const expected = ids.filter(([team]) => mine.includes(team)).map(([team, n]) => `${team}/n${n}`);
      expect(idsOf(found)).toEqual(expected.sort());
      for (const page of found.slice(0, -1)) expect(page.environments).toHaveLength(limit);
      for (const page of found) expect(page.environments.length).toBeLessThanOrEqual(limit);
    }),
    { numRuns: 60 },
  );
});

test('of one team alone, which must be one that the person may see', async () => {
  const world = new World({ teams });
  for (const id of ['alpha', 'beta']) await world.store.write(requested({ key: keyOf(id, 'web') }));
  expect(idsOf(await pages(world, member('alpha', 'beta'), { team: 'beta' }))).toEqual(['beta/web']);
  expect(await refused(world, member('alpha'), 'GET', '/environments?team=beta')).toMatchObject({
    status: 403,
  });
  expect(await refused(world, member('alpha'), 'GET', '/environments?team=delta')).toMatchObject({
    status: 404,
  });
});

test.each([
  ['cursor=beta'],
  ['cursor=-/-'],
  ['limit=0'],
  ['limit=101'],
  ['limit=many'],
  ['page=2'],
  ['team=AA'],
])('422: ?%s', async (query) => {
  const problem = await refused(new World(), rita, 'GET', `/environments?${query}`);
  expect(problem).toMatchObject({ status: 422, fields: [expect.anything()] });
});
