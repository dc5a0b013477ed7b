/** The simulation can fail: each bug planted here, one a reducer or a stage may well have, is found within some storms. */
import { afterEach, expect, test } from 'vitest';
import type * as creation from '#api/creation.ts';
import type * as candidate from '#core/candidate.ts';
import type { Decision } from '#core/decision.ts';
import type * as lastSnapshot from '#core/last-snapshot.ts';
import type * as lifecycle from '#core/lifecycle.ts';
import { deletionAsked } from '#core/lifecycle.ts';
import type * as pager from '#core/pager.ts';
import type * as promotion from '#core/promotion.ts';
import type * as recheck from '#core/recheck.ts';
import type * as reconcile from '#core/reconcile.ts';
import type * as release from '#core/release.ts';
import type * as roles from '#core/roles.ts';
import type * as timetable from '#core/timetable.ts';
import type * as handed from '#core/transfer/handed.ts';
import type * as transfers from '#core/transfer/transfer.ts';
import type * as ttl from '#core/ttl.ts';
import type * as waiver from '#core/waiver.ts';
import type * as wayBackOf from '#core/way-back.ts';
import type * as build from '#lambdas/build/build.ts';
import type * as drop from '#lambdas/deploy/drop.ts';
import { type Bug, found, plant, unplant } from './planted.ts';

const unchanged: Decision = { outcome: 'unchanged', why: 'planted' };

const bugs: readonly Bug[] = [
  [
    'the promoter asks nothing again',
    () => plant<typeof promotion>('#core/promotion.ts', () => ({ objectionTo: () => undefined })),
    /was (copied|promoted), and it blocks|was copied, and no approval of it holds/,
  ],
  [
    'the promoter asks for the verdict alone, not what the approval was given on',
    () => plant<typeof candidate>('#core/candidate.ts', () => ({ sameBasis: () => true })),
    /was copied, and no approval of it holds|was approved, and no verdict of that moment/,
  ],
  [
    'what is started or gone back to is asked nothing',
    () =>
      plant<typeof wayBackOf>('#core/way-back.ts', (real) => ({
        objectionToRunning: () => undefined,
        wayBack: (release) => {
          const to = real.previousOf(release);
          return to ? { to } : { none: 'planted' };
        },
      })),
    /begins to run \((deploying|rolling-back)\), and its approval is void/,
    110,
  ],
  [
    'an approval is given to whoever asks',
    () => plant<typeof roles>('#core/roles.ts', () => ({ may: () => true, whyNot: () => undefined })),
    /approved for|was approved by who asked for it|never is gone/,
  ],
  [
    'a promotion that was crashed into is forgotten',
    () =>
      plant<typeof reconcile>('#core/reconcile.ts', (real) => ({
        stagesToLook: (...asked) => real.stagesToLook(...asked).filter((stage) => stage !== 'promote'),
        looksBeforeReconcile: () => [],
      })),
    /is still promoting/,
  ],
  [
    'a verdict on what waits is never found again',
    () => plant<typeof candidate>('#core/candidate.ts', () => ({ imageToJudge: () => undefined })),
    /is (blocked|awaiting-approval), and its image is|waits under policy|is still scanning/,
  ],
  [
    'what runs is judged by nobody',
    () => plant<typeof recheck>('#core/recheck.ts', () => ({ rechecked: () => unchanged })),
    /runs what blocks, and nobody was told/,
  ],
  [
    'people are told once the function was told so, heard or not',
    () => plant<typeof pager>('#core/pager.ts', () => ({ paged: () => unchanged })),
    /people were not told of|was to end at .*, and is running/,
  ],
  [
    'an incident is opened at each look',
    () =>
      plant<typeof release>('#core/release.ts', (real) => ({
        observed: (environment, ...seen) => real.observed({ ...environment, incidents: [] }, ...seen),
      })),
    /was told when it was|is open, and|was told to be/,
  ],
  [
    'what was released last is gone back to, Ready or not',
    () =>
      plant<typeof release>('#core/release.ts', (real) => ({
        beginning: (before, released, ...rest) => {
          const next = real.beginning(before, released, ...rest);
          if (before.phase === 'none' || before.digest === released.digest) return next;
          return { ...next, previous: { digest: before.digest, approval: before.approval } };
        },
      })),
    /is gone back to, and was (not Ready before|never Ready)/,
    1940,
  ],
  [
    'a name is pointed at by its event alone',
    () =>
      plant<typeof reconcile>('#core/reconcile.ts', (real) => ({
        stagesToLook: (...asked) => real.stagesToLook(...asked).filter((stage) => stage !== 'dns'),
      })),
    /its name points at|its name is still waited for|still being deleted/,
  ],
  [
    'late news of what was deleted makes its repositories anew',
    () =>
      plant<typeof build>('#lambdas/build/build.ts', (real) => ({
        build: (deps) => async (signal, cause) => {
          if (signal.kind === 'told') await deps.repositories.make(signal.event.environment);
          await real.build(deps)(signal, cause);
        },
      })),
    /was deleted, and .* is left/,
    300,
  ],
  [
    'a request makes its repositories before it is granted',
    () =>
      plant<typeof creation>('#api/creation.ts', (real) => ({
        newcomer: async (deps, asked) => {
          const make: unknown = Reflect.get(deps.bases, 'make');
          if (typeof make === 'function') await make(asked.key);
          return real.newcomer(deps, asked);
        },
      })),
    /was never stored, and .* is left/,
  ],
  [
    'a waiver that is withdrawn counts',
    () =>
      plant<typeof waiver>('#core/waiver.ts', (real) => ({
        waiversInForce: (configured, made) => {
          const as = made.map((each) =>
            each.state === 'withdrawn' && each.approver && each.approvedAt
              ? { ...each, state: 'good' as const, approver: each.approver, approvedAt: each.approvedAt }
              : each,
          );
          return real.waiversInForce(configured, as);
        },
      })),
    /passed with waiver api-.*, which does not count|and it blocks|no approval of it holds/,
    90,
  ],
  [
    'who proposes a waiver approves it',
    () =>
      plant<typeof waiver>('#core/waiver.ts', (real) => ({
        approveWaiver: (proposed, person, now) => {
          const approved = real.approveWaiver({ ...proposed, author: 'somebody' }, person, now);
          return 'outcome' in approved ? approved : { ...approved, author: proposed.author };
        },
      })),
    /was approved by who proposed it/,
  ],
  [
    'what people waive by the API is never heard of',
    () =>
      plant<typeof waiver>('#core/waiver.ts', () => ({ waiversInForce: (configured) => [...configured] })),
    /is blocked, and its image is good/,
  ],
  [
    'an end comes when it was to, however late people were told',
    () => plant<typeof ttl>('#core/ttl.ts', () => ({ warned: ({ at }) => ({ at }) })),
    /was told to end at/,
  ],
  [
    'an end never comes',
    () =>
      plant<typeof lifecycle>('#core/lifecycle.ts', (real) => ({
        deletionAsked: (environment, person, now) =>
          person.name === 'schedule'
            ? real.stopAsked(environment, person, now)
            : real.deletionAsked(environment, person, now),
      })),
    /was to end at|and nobody asked for that/,
  ],
  [
    'working hours are held at each look, not when they turn',
    () =>
      plant<typeof timetable>('#core/timetable.ts', (real) => ({
        timeCame: (environment, came, now) =>
          real.timeCame(
            environment.hours ? { ...environment, hours: { lookAt: now } } : environment,
            came,
            now,
          ),
      })),
    /is (running|stopped) at .*, and its hours turned at/,
  ],
  [
    'working hours turn by their event alone',
    () =>
      plant<typeof reconcile>('#core/reconcile.ts', (real) => ({
        stagesToLook: (...asked) => real.stagesToLook(...asked).filter((stage) => stage !== 'schedule'),
      })),
    /and its hours turned at|was to end at/,
  ],
  [
    'what was accepted is handed over before it is Ready',
    () =>
      plant<typeof transfers>('#core/transfer/transfer.ts', (real) => ({
        looked: (transfer, successor, now, old) => {
          const seen = real.looked(transfer, successor, now, old);
          if (seen.state !== 'accepted') return seen;
          return { ...seen, state: 'done', endedAt: now, version: seen.version + 1 };
        },
      })),
    /was deleted for what is not Ready/,
  ],
  [
    'who offers an environment accepts it',
    () =>
      plant<typeof transfers>('#core/transfer/transfer.ts', (real) => ({
        accept: (transfer, person, now) => {
          const accepted = real.accept({ ...transfer, offeredBy: 'somebody' }, person, now);
          return 'outcome' in accepted ? accepted : { ...accepted, offeredBy: transfer.offeredBy };
        },
      })),
    / accepted (checkout|payments)\/web/,
    90,
  ],
  [
    'what is taken back is deleted all the same',
    () =>
      plant<typeof handed>('#core/transfer/handed.ts', (real) => ({
        handed: (environment, transfer, now, back) =>
          transfer.state === 'over'
            ? deletionAsked(environment, { name: 'schedule', groups: [] }, now)
            : real.handed(environment, transfer, now, back),
      })),
    /stays, and is deleting|was deleted before its end|was deleted, and nobody asked/,
  ],
  [
    'a volume goes with its environment',
    () =>
      plant<typeof lastSnapshot>('#core/last-snapshot.ts', () => ({ lastSnapshot: () => ({ done: true }) })),
    /was deleted, and nothing is left of its volume/,
  ],
  [
    'a snapshot is told to be gone, and lies there still',
    () =>
      plant<typeof drop>('#lambdas/deploy/drop.ts', (real) => ({
        withoutDropped: (deps, environment, cause) => {
          const cluster = Object.create(deps.cluster, { dropSnapshot: { value: async () => undefined } });
          return real.withoutDropped({ ...deps, cluster }, environment, cause);
        },
      })),
    /is told to be gone|and nobody knows of it/,
  ],
  [
    'a waiver that is over counts for what is started or gone back to, and for the gate',
    () =>
      plant<typeof waiver>('#core/waiver.ts', (real) => ({
        waiversInForce: (configured, made) =>
          real
            .waiversInForce(configured, made)
            .map((each) => ({ ...each, expiresAt: '2100-01-01T00:00:00.000Z' })),
      })),
    /passed with waiver api-.*, which does not count|and it blocks|no approval of it holds|its approval is void/,
  ],
];

afterEach(unplant);

test.for(bugs)('it finds that %s', { timeout: 600_000 }, async ([, plantIt, says, from]) => {
  plantIt();
  expect(await found(from)).toMatch(says);
});
