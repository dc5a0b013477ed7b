/** What data jobs promise is held against the simulation: each bug planted here is found within some storms. */
import { afterEach, expect, test } from 'vitest';
import type * as chunk from '#core/jobs/chunk.ts';
import type * as job from '#core/jobs/job.ts';
import type * as plan from '#core/jobs/plan.ts';
import type * as slotPlan from '#core/jobs/slot-plan.ts';
import type * as tally from '#core/jobs/tally.ts';
import type * as wantedSlots from '#core/jobs/wanted-slots.ts';
import type * as quota from '#core/quota.ts';
import type * as end from '#lambdas/jobs/end.ts';
import type * as want from '#lambdas/jobs/want.ts';
import type * as reconcile from '#lambdas/reconcile/reconcile.ts';
import { type Bug, found, plant, unplant } from '../planted.ts';

/** Those of a port, but for some. */
const but = <P extends object>(port: P, parts: Partial<P>): P => Object.assign(Object.create(port), parts);
const nothing = async (): Promise<void> => undefined;

const bugs: readonly Bug[] = [
  [
    'a chunk that has its result is worked at again',
    () =>
      plant<typeof chunk>('#core/jobs/chunk.ts', (real) => ({
        nextChunk: (given, event, ...rest) =>
          real.nextChunk(
            given.state === 'committed' && event.kind === 'lease' ? { ...given, state: 'waiting' } : given,
            event,
            ...rest,
          ),
      })),
    /is leased, and was committed/,
  ],
  [
    'what an attempt says counts though another has the chunk',
    () =>
      plant<typeof chunk>('#core/jobs/chunk.ts', (real) => ({
        nextChunk: (given, event, ...rest) =>
          real.nextChunk(
            event.kind === 'commit' && given.state === 'committed'
              ? { ...given, state: 'leased', until: '', attempts: event.part.attempt, parts: [] }
              : given,
            event,
            ...rest,
          ),
      })),
    /is committed, and was committed/,
    450,
  ],
  [
    'between two halves something is left out',
    () =>
      plant<typeof chunk>('#core/jobs/chunk.ts', (real) => ({
        halvesOf: (halved) => {
          const [first, second] = real.halvesOf(halved);
          return [first, { ...second, start: second.start + 10_000 }];
        },
      })),
    /"kind":"gap"/,
    1360,
  ],
  [
    'chunks of an object overlap',
    () =>
      plant<typeof plan>('#core/jobs/plan.ts', (real) => ({
        chunksOf: function* (...asked) {
          for (const one of real.chunksOf(...asked))
            yield { ...one, end: Math.min(one.size, one.end + 10_000) };
        },
      })),
    /"kind":"overlap"/,
    120,
  ],
  [
    'a job that has ended leaves its queue',
    () =>
      plant<typeof end>('#lambdas/jobs/end.ts', (real) => ({
        finish: (deps, ...rest) =>
          real.finish({ ...deps, queues: but(deps.queues, { remove: nothing }) }, ...rest),
      })),
    /its queue is left/,
  ],
  [
    'a job that has ended leaves its identity',
    () =>
      plant<typeof end>('#lambdas/jobs/end.ts', (real) => ({
        finish: (deps, ...rest) =>
          real.finish({ ...deps, identities: but(deps.identities, { remove: nothing }) }, ...rest),
      })),
    /its identity is left/,
  ],
  [
    'what killed workers had begun to upload stays',
    () =>
      plant<typeof end>('#lambdas/jobs/end.ts', (real) => ({
        finish: (deps, ...rest) =>
          real.finish({ ...deps, objects: but(deps.objects, { sweep: nothing }) }, ...rest),
      })),
    /is left, begun/,
    370,
  ],
  [
    'a job that has ended holds its quota',
    () => plant<typeof quota>('#core/quota.ts', () => ({ without: () => undefined })),
    /is ended, and holds its quota/,
  ],
  [
    'a team may have what it asks for',
    () =>
      plant<typeof quota>('#core/quota.ts', (real) => ({
        reserve: (ledger, given, ...asked) =>
          real.reserve(ledger, { ...given, cpu: 1e9, memoryMiB: 1e9 }, ...asked),
      })),
    /which is more than it may/,
  ],
  [
    'a job has one worker more than it was given',
    () =>
      plant<typeof wantedSlots>('#core/jobs/wanted-slots.ts', (real) => ({
        slotsOf: (asked) => {
          const wanted = real.slotsOf(asked);
          return wanted.phase === 'running' ? { ...wanted, slots: wanted.slots + 1 } : wanted;
        },
      })),
    /has slot-\d+-\d+, and \d+ slots/,
  ],
  [
    'a pause is told to nobody',
    () =>
      plant<typeof wantedSlots>('#core/jobs/wanted-slots.ts', (real) => ({
        slotsOf: (asked) => real.slotsOf('paused' in asked ? { ...asked, paused: false } : asked),
      })),
    /and its workers are running/,
    165,
  ],
  [
    'workers of a job that is paused are left alone',
    () =>
      plant<typeof slotPlan>('#core/jobs/slot-plan.ts', (real) => ({
        planSlots: (wanted, ...rest) => {
          const { seen, ...planned } = real.planSlots(wanted, ...rest);
          if (wanted.phase !== 'paused') return { ...planned, seen };
          const { lookAt: _, ...rested } = seen;
          return { ...planned, apply: [], end: [], seen: rested };
        },
      })),
    /is paused since|is paused, and has a worker/,
    170,
  ],
  [
    'the namespace of a job stays',
    () =>
      plant<typeof slotPlan>('#core/jobs/slot-plan.ts', (real) => ({
        planSlots: (wanted, ...rest) => {
          const planned = real.planSlots(wanted, ...rest);
          if (wanted.phase !== 'ending') return planned;
          return { ...planned, removeNamespace: false, seen: { namespace: 'gone', slots: [] } };
        },
      })),
    /its namespace is left|has ended, and has a worker|and the job has ended/,
  ],
  [
    'a job ends while its workers are there still',
    () => plant<typeof want>('#lambdas/jobs/want.ts', () => ({ workersAreGone: () => true })),
    /and the job has ended|is left/,
    470,
  ],
  [
    'a chunk that failed is counted twice',
    () =>
      plant<typeof tally>('#core/jobs/tally.ts', (real) => ({
        added: (before, after) => {
          const added = real.added(before, after);
          return { ...added, failed: 2 * added.failed };
        },
      })),
    /its sums are not those of its chunks/,
  ],
  [
    'a queue that was emptied stays so',
    () =>
      plant<typeof job>('#core/jobs/job.ts', (real) => ({
        nextJob: (given, event, now) =>
          event.kind === 'queue-seen' ? { outcome: 'unchanged' } : real.nextJob(given, event, now),
      })),
    /is still running/,
  ],
  [
    'nobody looks again at a job whose look was lost',
    () =>
      plant<typeof reconcile>('#lambdas/reconcile/reconcile.ts', (real) => ({
        reconcile: (deps) =>
          real.reconcile({ ...deps, jobs: { due: async () => ({ jobs: [], unreadable: [] }) } }),
      })),
    /is still (listing|sending|running|finishing|reducing|retrying)/,
  ],
  [
    'results that were brought together are forgotten',
    () =>
      plant<typeof job>('#core/jobs/job.ts', (real) => ({
        nextJob: (given, event, now) =>
          real.nextJob(given, event.kind === 'reduced' ? { ...event, result: undefined } : event, now),
      })),
    /its results are not in one/,
  ],
];

afterEach(unplant);

test.for(bugs)('it finds that %s', { timeout: 600_000 }, async ([, plantIt, says, from]) => {
  plantIt();
  expect(await found(from, 'asked for')).toMatch(says);
});
