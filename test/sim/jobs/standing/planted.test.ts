/** What standing jobs promise is held against the simulation: each bug planted here is found within some storms. */
import { afterEach, expect, test } from 'vitest';
import type * as cause from '#core/jobs/standing/cause.ts';
import type * as chain from '#core/jobs/standing/chain.ts';
import type * as cron from '#core/jobs/standing/cron.ts';
import type * as next from '#core/jobs/standing/next.ts';
import type * as standing from '#core/jobs/standing/standing.ts';
import type * as starts from '#lambdas/job-starts/starts.ts';
import type * as reconcile from '#lambdas/reconcile/reconcile.ts';
import { type Bug, found, plant, unplant } from '../../planted.ts';

/** Those of a port, but for some. */
const but = <P extends object>(port: P, parts: Partial<P>): P => Object.assign(Object.create(port), parts);
let count = 0;

const bugs: readonly Bug[] = [
  [
    'a cause that is told twice is another one',
    () =>
      plant<typeof cause>('#core/jobs/standing/cause.ts', (real) => ({
        causeId: (told) => `${real.causeId(told)} ${count++}`,
        startedName: (key, told) => real.startedName(key, { ...told, at: moved(told.at) }),
      })),
    /started job-\w+, and starts job-/,
    110,
  ],
  [
    'a job is written, and its standing job later',
    () =>
      plant<typeof starts>('#lambdas/job-starts/starts.ts', (real) => ({
        jobStarts: (deps) => {
          const write: typeof deps.jobs.write = (change, { ledger } = {}) =>
            deps.jobs.write(change, { ledger });
          return real.jobStarts({ ...deps, jobs: but(deps.jobs, { write }) });
        },
      })),
    /was started, and \S+ was not told/,
  ],
  [
    'nobody looks at a standing job when its time comes',
    () =>
      plant<typeof reconcile>('#lambdas/reconcile/reconcile.ts', (real) => ({
        reconcile: (deps) =>
          real.reconcile({ ...deps, standing: { due: async () => ({ standing: [], unreadable: [] }) } }),
      })),
    /was due at|nothing came of|was not told that|waits/,
  ],
  [
    'an upload that the stage stumbled over is forgotten',
    () =>
      plant<typeof starts>('#lambdas/job-starts/starts.ts', (real) => ({
        jobStarts: (deps) => async (signal, told) => {
          const work = real.jobStarts(deps)(signal, told);
          await (signal.kind === 'upload' ? work.catch(() => undefined) : work);
        },
      })),
    /nothing came of the upload/,
    440,
  ],
  [
    'a success is told to nobody who follows',
    () => plant<typeof chain>('#core/jobs/standing/chain.ts', () => ({ followersOf: () => [] })),
    /nothing came of the success/,
  ],
  [
    'what is paused starts all the same',
    () =>
      plant<typeof next>('#core/jobs/standing/next.ts', (real) => ({
        toStart: (one, now) =>
          real.toStart(one.state === 'paused' ? { ...one, state: 'active', since: now } : one, now),
      })),
    /was started, and \S+ is paused/,
    3330,
  ],
  [
    'what was deleted starts all the same',
    () =>
      plant<typeof starts>('#lambdas/job-starts/starts.ts', (real) => {
        const last = new Map<string, standing.LiveStanding>();
        return {
          jobStarts: (deps) => {
            const read: typeof deps.standing.read = async (key) => {
              const found = await deps.standing.read(key);
              const id = `${key.team}/${key.name}`;
              if (found?.state !== 'deleted') {
                if (found !== undefined) last.set(id, found);
                return found;
              }
              const { version } = found;
              const before = last.get(id);
              return before && { ...before, version };
            };
            return real.jobStarts({ ...deps, standing: but(deps.standing, { read }) });
          },
        };
      }),
    /was started, and \S+ is deleted|did ask/,
    220,
  ],
  [
    'a cause that was refused once is forgotten',
    () =>
      plant<typeof next>('#core/jobs/standing/next.ts', (real) => ({
        nextStanding: (one, event, now) =>
          real.nextStanding(
            event.kind === 'refused' ? { ...one, waiting: one.waiting.slice(1) } : one,
            event,
            now,
          ),
      })),
    /forgot|nothing came of/,
    3330,
  ],
  [
    'an upload that comes while its job goes on is skipped',
    () => plant<typeof standing>('#core/jobs/standing/standing.ts', () => ({ overlapOf: () => 'skip' })),
    /it was skipped/,
  ],
  [
    'the end of a job is not told',
    () =>
      plant<typeof next>('#core/jobs/standing/next.ts', (real) => ({
        nextStanding: (one, event, now) =>
          event.kind === 'ended' ? { outcome: 'unchanged' } : real.nextStanding(one, event, now),
      })),
    /was not told that/,
  ],
  [
    'times that nobody saw are not counted',
    () =>
      plant<typeof cron>('#core/jobs/standing/cron.ts', (real) => ({
        timesOf: (...asked) => {
          const { due, next: coming } = real.timesOf(...asked);
          return { next: coming, ...(due && { due: { ...due, missed: 0 } }) };
        },
      })),
    /times came, and it says/,
    650,
  ],
  [
    'a job reads something else than what started it',
    () =>
      plant<typeof standing>('#core/jobs/standing/standing.ts', (real) => ({
        requestOf: (spec, told, bucket) => {
          const request = real.requestOf(spec, told, bucket);
          return told.kind === 'upload' ? { ...request, dataset: `${request.dataset}-2` } : request;
        },
      })),
    /reads something else than/,
  ],
];

/** To another name, within the same minute. */
const moved: (at: string) => string = (at) => new Date(Date.parse(at) + (count++ % 50) * 1000).toISOString();

afterEach(unplant);

test.for(bugs)('it finds that %s', { timeout: 600_000 }, async ([, plantIt, says, from]) => {
  plantIt();
  expect(await found(from, 'standing')).toMatch(says);
});
