/** The simulation can fail: each bug planted here, one a reducer or a stage may well have, is found within some storms. */
import { afterEach, expect, test } from 'vitest';
import type * as candidate from '#core/candidate.ts';
import type { Decision } from '#core/decision.ts';
import type * as pager from '#core/pager.ts';
import type * as promotion from '#core/promotion.ts';
import type * as recheck from '#core/recheck.ts';
import type * as reconcile from '#core/reconcile.ts';
import type * as release from '#core/release.ts';
import type * as roles from '#core/roles.ts';
import type * as build from '#lambdas/build/build.ts';
import { type Bug, found, plant, unplant } from './planted.ts';

const unchanged: Decision = { outcome: 'unchanged', why: 'planted' };

const bugs: readonly Bug[] = [
  [
    'the promoter asks nothing again',
    () => plant<typeof promotion>('#core/promotion.ts', () => ({ objectionTo: () => undefined })),
    /was (copied|promoted), and it blocks/,
  ],
  [
    'an approval is given to whoever asks',
    () => plant<typeof roles>('#core/roles.ts', () => ({ may: () => true, whyNot: () => undefined })),
    /approved for|was approved by who asked for it/,
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
    /people were not told of/,
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
];

afterEach(unplant);

test.for(bugs)('it finds that %s', { timeout: 600_000 }, async ([, plantIt, says, from]) => {
  plantIt();
  expect(await found(from)).toMatch(says);
});
