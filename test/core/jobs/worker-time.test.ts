/** For how long workers had room on nodes: look by look it comes to the same, however often somebody looked. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { workerSecondsBy } from '#core/jobs/worker-time.ts';
import { at } from '../samples.ts';
import { podOf } from './slot-samples.ts';

const running = (from: number) => podOf(0, 0, { phase: 'Running', startTime: at(from) });
const ended = (from: number, ...to: number[]) =>
  podOf(0, 0, {
    phase: 'Failed',
    startTime: at(from),
    containerStatuses: to.map((end, i) => ({
      name: `c${i}`,
      state: { terminated: { exitCode: 1, finishedAt: at(end) } },
    })),
  });
const before = (seconds: number, workerSeconds?: number) => ({
  at: at(seconds),
  ...(workerSeconds !== undefined && { workerSeconds }),
});

it.each([
  ['nothing of one that no node has taken', undefined, [podOf(0, 0, { phase: 'Pending' })], 100, 0],
  ['from when its node took it', undefined, [running(40)], 100, 60],
  ['from the last look on', before(90, 50), [running(40)], 100, 60],
  ['to the end of its last container', before(50, 10), [ended(40, 70, 80)], 100, 40],
  ['nothing more of what had ended by the last look', before(90, 40), [ended(40, 70, 80)], 100, 40],
  ['nothing of one of which nobody says when it ended', before(50, 10), [ended(40)], 100, 10],
  ['all of them together', before(50, 10), [running(20), running(60), ended(0, 30)], 100, 100],
] as const)('counts %s', (_, seen, pods, now, expected) => {
  expect(workerSecondsBy(seen, pods, at(now))).toBe(expected);
});

it('comes to the same, however often it is looked', () => {
  const instant = fc.integer({ min: 0, max: 1000 });
  fc.assert(
    fc.property(fc.array(fc.tuple(instant, instant)), fc.array(instant), (lives, looks) => {
      const spans = lives.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
      let seen: ReturnType<typeof before> | undefined;
      for (const now of [...looks.sort((a, b) => a - b), 1000]) {
        const pods = spans
          .filter(([from]) => from <= now)
          .map(([from, to]) => (to <= now ? ended(from, to) : running(from)));
        seen = before(now, workerSecondsBy(seen, pods, at(now)));
      }
      expect(seen?.workerSeconds).toBe(spans.reduce((sum, [from, to]) => sum + to - from, 0));
    }),
  );
});
