/** What shares promise is held against the simulation: each bug planted here is found within some storms. */
import { afterEach, expect, test } from 'vitest';
import type * as share from '#core/jobs/share.ts';
import { type Bug, found, plant, unplant } from '../../planted.ts';

const planted = (bug: (real: typeof share) => Partial<typeof share>) => () =>
  plant<typeof share>('#core/jobs/share.ts', bug);

const bugs: readonly Bug[] = [
  [
    'a job has what it can use, whatever others want',
    planted(() => ({
      sharesOf: (demands) => new Map(demands.map(({ name, workers }) => [name, workers])),
    })),
    /they have \d+ of \d+ workers/,
  ],
  ['what others say is not heard', planted(() => ({ isFresh: () => false })), /they have \d+ of \d+ workers/],
  [
    'a team weighs as much as any other',
    planted((real) => ({
      sharesOf: (demands, { workers }) => real.sharesOf(demands, { workers, weightOf: () => 1 }),
    })),
    /team \S+ has \d+ at weight/,
    280,
  ],
  [
    'a priority counts between teams',
    planted((real) => ({
      sharesOf: (demands, sharing) => {
        const high = demands.filter(({ priority }) => priority === 'high');
        const first = real.sharesOf(high, sharing);
        const left = sharing.workers - [...first.values()].reduce((a, b) => a + b, 0);
        const rest = real.sharesOf(
          demands.filter((one) => !high.includes(one)),
          { ...sharing, workers: left },
        );
        return new Map([...first, ...rest]);
      },
    })),
    /team \S+ has (\d+ at weight|none since)/,
  ],
  [
    'a priority is nothing within a team',
    planted((real) => ({
      sharesOf: (demands, sharing) =>
        real.sharesOf(
          demands.map((one) => ({ ...one, priority: 'normal' })),
          sharing,
        ),
    })),
    /of its team/,
    200,
  ],
  [
    'some workers are nobody’s',
    planted((real) => ({
      sharesOf: (demands, sharing) =>
        real.sharesOf(demands, { ...sharing, workers: Math.max(1, sharing.workers - 1) }),
    })),
    /they have \d+ of \d+ workers/,
  ],
  [
    'a job that has ended keeps what it asked for',
    planted((real) => ({
      isNews: (demand, before) => demand.workers > 0 && real.isNews(demand, before),
    })),
    /others leave workers to it|they have \d+ of \d+ workers/,
  ],
];

afterEach(unplant);

test.for(bugs)('it finds that %s', { timeout: 600_000 }, async ([, plantIt, says, from]) => {
  plantIt();
  expect(await found(from, 'competing')).toMatch(says);
});
