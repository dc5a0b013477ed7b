/** Shares of a cluster's workers: who gets how many, and what holds whoever asks. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Demand, isFresh, isNews, sharesOf } from '#core/jobs/share.ts';
import { JobName } from '#core/jobs/slots.ts';
import { addSeconds, TeamName } from '#core/names.ts';

const at = '2026-01-05T10:00:00.000Z';
const nameOf = (number: number) => JobName.parse(`job-${number.toString(16).padStart(16, '0')}`);
const demand = (number: number, team: string, workers: number, more: Partial<Demand> = {}): Demand => ({
  cluster: 'main',
  team: TeamName.parse(team),
  name: nameOf(number),
  priority: 'normal',
  workers,
  at,
  ...more,
});

const weights: Readonly<Record<string, number>> = { heavy: 3 };
const weightOf = (team: string) => weights[team] ?? 1;
const shares = (workers: number, demands: readonly Demand[]): number[] => {
  const of = sharesOf(demands, { workers, weightOf });
  return demands.map(({ name }) => of.get(name) ?? -1);
};

test.each<[string, number, Demand[], number[]]>([
  ['nobody asks', 10, [], []],
  ['there is enough for all', 10, [demand(1, 'team-a', 4), demand(2, 'team-b', 5)], [4, 5]],
  ['one team alone has all', 10, [demand(1, 'team-a', 50)], [10]],
  ['two teams have a half each', 10, [demand(1, 'team-a', 50), demand(2, 'team-b', 50)], [5, 5]],
  ['what one does not want, the other has', 10, [demand(1, 'team-a', 2), demand(2, 'team-b', 50)], [2, 8]],
  [
    'many jobs of a team do not make more of it',
    12,
    [demand(1, 'team-a', 9), demand(2, 'team-a', 9), demand(3, 'team-a', 9), demand(4, 'team-b', 9)],
    [2, 2, 2, 6],
  ],
  [
    'a team of weight 3 has three times as many',
    12,
    [demand(1, 'heavy', 50), demand(2, 'team-b', 50)],
    [9, 3],
  ],
  [
    'within a team a higher priority has what it can use first',
    6,
    [
      demand(1, 'team-a', 9),
      demand(2, 'team-a', 4, { priority: 'high' }),
      demand(3, 'team-a', 9, { priority: 'low' }),
    ],
    [2, 4, 0],
  ],
  [
    'a priority is nothing to another team',
    6,
    [demand(1, 'team-a', 9, { priority: 'high' }), demand(2, 'team-b', 9, { priority: 'low' })],
    [3, 3],
  ],
  [
    'fewer workers than jobs: the older go first',
    1,
    [demand(2, 'team-a', 1), demand(1, 'team-a', 1)],
    [0, 1],
  ],
  [
    'fewer workers than teams: the team whose job is older goes first, whatever it is called and weighs',
    1,
    [demand(2, 'heavy', 9), demand(1, 'team-b', 9)],
    [0, 1],
  ],
  ['who can use none has none', 4, [demand(1, 'team-a', 0), demand(2, 'team-b', 2)], [0, 2]],
])('%s', (_, workers, demands, expected) => {
  expect(shares(workers, demands)).toEqual(expected);
});

const someDemands = fc
  .array(
    fc.record({
      team: fc.constantFrom('team-a', 'team-b', 'heavy', 'team-d'),
      workers: fc.integer({ min: 0, max: 12 }),
      priority: fc.constantFrom('low' as const, 'normal' as const, 'high' as const),
    }),
    { maxLength: 10 },
  )
  .map((all) => all.map(({ team, workers, priority }, i) => demand(i, team, workers, { priority })));
const sum = (all: Iterable<number>) => [...all].reduce((a, b) => a + b, 0);

test('nobody has more than it can use, all together what there is or what is wanted, in whatever order they are told', () => {
  fc.assert(
    fc.property(
      someDemands,
      fc.integer({ min: 1, max: 40 }),
      fc.infiniteStream(fc.nat()),
      (all, workers, chance) => {
        const of = sharesOf(all, { workers, weightOf });
        for (const { name, workers: wants } of all) expect(of.get(name)).toBeLessThanOrEqual(wants);
        expect(sum(of.values())).toBe(Math.min(workers, sum(all.map((one) => one.workers))));
        const shuffled = all
          .map((one) => ({ one, by: chance.next().value ?? 0 }))
          .sort((x, y) => x.by - y.by)
          .map(({ one }) => one);
        expect(Object.fromEntries(sharesOf(shuffled, { workers, weightOf }))).toEqual(Object.fromEntries(of));
      },
    ),
  );
});

test('no team that could use more has a worker less, for its weight, than one that took from it', () => {
  fc.assert(
    fc.property(someDemands, fc.integer({ min: 1, max: 40 }), (all, workers) => {
      const of = sharesOf(all, { workers, weightOf });
      const teams = [...Map.groupBy(all, ({ team }) => team)].map(([team, jobs]) => ({
        weight: weightOf(team),
        has: sum(jobs.map(({ name }) => of.get(name) ?? 0)),
        wants: sum(jobs.map((job) => job.workers)),
      }));
      for (const poor of teams.filter(({ has, wants }) => has < wants))
        for (const rich of teams)
          expect((rich.has - 1) / rich.weight).toBeLessThanOrEqual(poor.has / poor.weight);
    }),
  );
});

test('with fewer workers than teams, each has one that has waited longest', () => {
  fc.assert(
    fc.property(someDemands, fc.integer({ min: 1, max: 3 }), (all, workers) => {
      const of = sharesOf(all, { workers, weightOf });
      const teams = [
        ...Map.groupBy(
          all.filter((one) => one.workers > 0),
          ({ team }) => team,
        ).values(),
      ];
      if (teams.length <= workers) return;
      // They are told in the order of their ages.
      const has = teams.map((jobs) => sum(jobs.map(({ name }) => of.get(name) ?? 0)));
      expect(has).toEqual(teams.map((_, i) => (i < workers ? 1 : 0)));
    }),
  );
});

test('what is said again, and what is believed', () => {
  const said = demand(1, 'team-a', 4);
  const later = (seconds: number, more: Partial<Demand> = {}) => ({
    ...said,
    at: addSeconds(at, seconds),
    ...more,
  });
  expect(isNews(said, undefined)).toBe(true);
  expect(isNews({ ...said, workers: 0 }, undefined)).toBe(false);
  expect(isNews(later(15), said)).toBe(false);
  expect(isNews(later(240), said)).toBe(true);
  expect(isNews(later(15, { workers: 3 }), said)).toBe(true);
  expect(isNews(later(15, { workers: 0 }), said)).toBe(true);
  expect(isNews(later(900, { workers: 0 }), { ...said, workers: 0 })).toBe(false);
  expect(isNews(later(15, { priority: 'high' }), said)).toBe(true);
  expect(isFresh(said, addSeconds(at, 599))).toBe(true);
  expect(isFresh(said, addSeconds(at, 600))).toBe(false);
});
