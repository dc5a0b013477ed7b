/** How fast a job is, and when it may be done: of the time in which it went on, whatever lay between. */
import { describe, expect, it } from 'vitest';
import { Prices } from '#core/cost.ts';
import { askedJob, Job, nextJob } from '#core/jobs/job.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { jobCost, jobProgress } from '#core/jobs/job-view.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { emptyTally, type Tally } from '#core/jobs/tally.ts';
import { addSeconds } from '#core/names.ts';
import { jobKey } from './samples.ts';

const start = '2026-07-01T10:00:00.000Z';
const by = 'bob';
const day = 86_400;
const tallied = (more: Partial<Tally>): JobEvent => ({ kind: 'tallied', tally: { ...emptyTally, ...more } });
const half = { committed: 5, bytes: 500 };
const dataset = { dataset: 's3://lake/datasets/sales/' };
const table = { table: { database: 'orders', schema: 'public', table: 'orders', key: ['id'] } };

type Step = readonly [seconds: number, event: JobEvent];
const brought = (steps: readonly Step[], input: object = dataset): Job => {
  const request = JobRequest.parse({ ...input, command: ['wc'] });
  const asked = askedJob({ ...jobKey(), requester: 'alice', at: start, cluster: 'main', request });
  return steps.reduce<Job>((job, [seconds, event]) => {
    const decision = nextJob(job, event, addSeconds(start, seconds));
    if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${JSON.stringify(decision)}`);
    return Job.parse(decision.job);
  }, asked);
};

/** Listed for 100 s, then half of it is done in another 100. */
const listed: Step[] = [
  [100, { kind: 'listed', chunks: 10, bytes: 1000 }],
  [110, { kind: 'sent', upTo: 10 }],
];
const atHalf: Step[] = [...listed, [200, tallied(half)]];
const paused: Step[] = [...atHalf, [200, { kind: 'pause', by }]];
const resumed: Step[] = [...paused, [200 + day, { kind: 'resume', by }]];
const failed: Step[] = [
  ...listed,
  [200, tallied({ committed: 8, failed: 2, bytes: 800 })],
  [210, { kind: 'manifest-written' }],
  [220, { kind: 'taken-away' }],
];
const retried: Step[] = [
  ...failed,
  [3 * day, { kind: 'retry', by }],
  [3 * day, { kind: 'retried', tally: { ...emptyTally, committed: 8, bytes: 800 } }],
];

describe('rate, and what is left', () => {
  it.each<[string, readonly Step[], number, number | undefined, number | undefined]>([
    ['before it was listed', [], 50, undefined, undefined],
    ['before anything is done', listed, 150, undefined, undefined],
    ['since it was listed, not asked for', atHalf, 200, 5, 100],
    ['later, while nothing more comes', atHalf, 300, 3, 200],
    ['while it is paused', paused, 200 + day / 2, undefined, undefined],
    ['when it goes on, before anything more is done', resumed, 210 + day, undefined, undefined],
    ['when it goes on', [...resumed, [210 + day, tallied({ committed: 6, bytes: 600 })]], 210 + day, 10, 40],
    ['at its end', failed, 300, undefined, undefined],
    ['days later, before anything more is done', retried, 3 * day + 10, undefined, undefined],
    ['days later', [...retried, [3 * day + 50, tallied({ committed: 9, bytes: 900 })]], 3 * day + 50, 2, 50],
  ])('%s', (_, steps, seconds, rate, left) => {
    const { bytesPerSecond, secondsLeft } = jobProgress(brought(steps), addSeconds(start, seconds));
    expect({ bytesPerSecond, secondsLeft }).toEqual({ bytesPerSecond: rate, secondsLeft: left });
  });

  it('of a table goes by its chunks, for rows are not as long as what they take on the disk', () => {
    const rows: Step[] = [...listed, [200, tallied({ committed: 2, bytes: 90_000 })]];
    expect(jobProgress(brought(rows, table), addSeconds(start, 200))).toMatchObject({
      bytesPerSecond: 900,
      secondsLeft: 400,
    });
  });

  it('is of the stretch before when its queue was emptied, for it went on', () => {
    const empty = { kind: 'queue-seen', messages: 0 } as const;
    const again = brought([...atHalf, [200, empty], [400, empty]]);
    expect(again).toMatchObject({ phase: 'sending', stretch: { since: addSeconds(start, 100), bytes: 0 } });
    expect(brought(paused)).not.toHaveProperty('stretch');
    expect(brought(failed)).not.toHaveProperty('stretch');
  });
});

it('what was halved is told: a count, and once in its history', () => {
  const job = brought([...listed, [200, tallied({ ...half, halved: 1 })]]);
  expect(jobProgress(job, start)).toMatchObject({ chunks: 12, halved: 1, committed: 5, open: 6 });
  const what = (before: Job, of: Partial<Tally>) => nextJob(before, tallied(of), start);
  const said = 'of a chunk the command had no memory left: it goes on as two halves';
  expect(what(brought(listed), { halved: 1 })).toMatchObject({ what: said });
  expect(what(job, { ...half, halved: 2 })).not.toHaveProperty('what');
});

it('costs what its workers had, whatever they did, and never less than its commands', () => {
  const prices = Prices.parse({});
  const seen = (seconds: number): Step => [300, { kind: 'workers-seen', seconds }];
  const cost = (...more: Step[]) => jobCost(brought([...atHalf, ...more]), prices).soFar;
  const anHour = cost(seen(3600));
  expect(anHour).toBeGreaterThan(0);
  expect(cost(seen(3600), seen(7200))).toBeCloseTo(2 * anHour, 3);
  expect(cost([250, tallied({ ...half, milliseconds: 7_200_000 })], seen(3600))).toBeCloseTo(2 * anHour, 3);
  // It is kept to the end, and behind it.
  expect(brought([...failed.slice(0, 3), seen(500), ...failed.slice(3)])).toMatchObject({
    phase: 'ended',
    workerSeconds: 500,
  });
  expect(nextJob(brought([...atHalf, seen(500)]), { kind: 'workers-seen', seconds: 400 }, start)).toEqual({
    outcome: 'unchanged',
  });
});
