/** What is measured of a change: durations where a way ends, counts of incidents, never anything per environment. */
import { expect, test } from 'vitest';
import type { Change } from '#core/decision.ts';
import { measuresOf, measuresOfVerdict } from '#core/measures.ts';
import { promoted } from '#core/promotion.ts';
import { observed } from '#core/release.ts';
import { at, built, changed, deploying, digest, healthy, promoting, ready, verdict } from './samples.ts';

const measured = (before: Parameters<typeof measuresOf>[0], change: Change) =>
  measuresOf(before, change).map(({ name, unit, value }) => [name, unit, value]);

test('the time from approval to promotion', () => {
  const change = changed(promoted(promoting(), digest(1), at(150)));
  expect(measured(promoting(), change)).toEqual([['PromotionTime', 'Milliseconds', 30_000]]);
});

test('the time of a rollout, and nothing for a look that changes nothing', () => {
  const change = changed(observed(deploying(), healthy(), at(145)));
  expect(measured(deploying(), change)).toEqual([['RolloutTime', 'Milliseconds', 15_000]]);
  expect(measured(change.environment, changed(observed(change.environment, healthy(), at(200))))).toEqual([]);
});

test('incidents, as they are told', () => {
  const oom = { at: at(150), pod: 'app', container: 'app', limit: '64Mi' };
  const opened = changed(
    observed(ready(), healthy(1, { ready: false, problem: 'x', lastOom: oom }), at(160)),
  );
  expect(measured(ready(), opened)).toEqual([['IncidentsOpened', 'Count', 1]]);
  const again = changed(
    observed(opened.environment, healthy(1, { readySince: at(165), lastOom: oom }), at(170)),
  );
  const over = changed(
    observed(again.environment, healthy(1, { readySince: at(165), lastOom: oom }), at(400)),
  );
  expect(measured(again.environment, over)).toEqual([['IncidentsRecovered', 'Count', 1]]);
});

test.each([
  ['pass', 'VerdictPass'],
  ['block', 'VerdictBlock'],
  ['stale', 'VerdictStale'],
] as const)(
  'a verdict that says %s, and the time since the push; never less than nothing',
  (result, name) => {
    const judgedAt = verdict(1, { result, decidedAt: at(103) });
    expect(measuresOfVerdict(judgedAt, built(1).pushedAt)).toEqual([
      { name, unit: 'Count', value: 1 },
      { name: 'TimeToVerdict', unit: 'Milliseconds', value: 3000 },
    ]);
    expect(measuresOfVerdict(judgedAt, at(200))[1]?.value).toBe(0);
  },
);
