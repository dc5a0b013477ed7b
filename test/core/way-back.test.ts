/** A rollout is undone only to what is approved now: everything that is not known to hold is no way back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Release } from '#core/environment.ts';
import type { Policy, Waiver } from '#core/policy.ts';
import type { Verdict } from '#core/verdict.ts';
import { previousOf, wayBack } from '#core/way-back.ts';
import {
  approval,
  at,
  deploying,
  digest,
  policy,
  ready,
  released,
  unfixable,
  verdict,
  waiver,
} from './samples.ts';

const now = at(1000);
interface Today {
  readonly verdict: Verdict | undefined;
  readonly policy: Policy;
  readonly waivers: readonly Waiver[];
}
const today = { verdict: verdict(1), policy, waivers: [], now };
const failing = (): Release => deploying(2, 1).release;
const waived = (): Release => ({
  phase: 'deploying',
  ...released(2),
  previous: { digest: digest(1), approval: { ...approval, waivers: ['w1'] } },
  since: at(130),
  lookAt: at(135),
});

it('leads to what was Ready, where its verdict passes and its approval stands', () => {
  expect(wayBack(failing(), today)).toEqual({ to: released(1) });
});

it('leads there by a waiver that still holds', () => {
  const passed = verdict(1, { waivers: ['w1'] });
  expect(wayBack(waived(), { ...today, verdict: passed, waivers: [waiver()] })).toHaveProperty(
    'to.digest',
    digest(1),
  );
});

describe('is none', () => {
  it.each<[string, Release, Partial<Today>, RegExp]>([
    ['before the first', deploying(2).release, {}, /nothing was Ready before/],
    ['outside a rollout', ready().release, {}, /nothing was Ready before/],
    ['without a verdict', failing(), { verdict: undefined }, /verdict on it is missing/],
    ['with the verdict of another', failing(), { verdict: verdict(3) }, /verdict on it is missing/],
    ['where it blocks by now', failing(), { verdict: unfixable(1) }, /verdict on it is block/],
    ['where it is stale', failing(), { verdict: verdict(1, { result: 'stale' }) }, /verdict on it is stale/],
    [
      'under another policy',
      failing(),
      { policy: { ...policy, version: '2' } },
      /under policy 1, and 2 is in force/,
    ],
    [
      'where waivers came',
      failing(),
      { verdict: verdict(1, { waivers: ['w1'] }), waivers: [waiver()] },
      /bob's approval is void/,
    ],
    [
      'where a waiver is over',
      waived(),
      { verdict: verdict(1, { waivers: ['w1'] }), waivers: [waiver({ expiresAt: at(999) })] },
      /waiver w1/,
    ],
    ['where a waiver was taken back', waived(), { verdict: verdict(1, { waivers: ['w1'] }) }, /waiver w1/],
  ])('%s', (_, release, parts, why) => {
    expect(wayBack(release, { ...today, ...parts })).toEqual({ none: expect.stringMatching(why) });
  });
});

it('is asked of the digest before a rollout alone', () => {
  expect(previousOf(failing())?.digest).toBe(digest(1));
  for (const release of [ready().release, deploying(2).release]) expect(previousOf(release)).toBeUndefined();
});

it('never leads anywhere but to the digest before, with a verdict that passes under the policy of today', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(failing(), waived(), ready().release, deploying(2).release),
      fc.constantFrom(undefined, verdict(1), verdict(2), unfixable(1), verdict(1, { waivers: ['w1'] })),
      fc.constantFrom('1', '2'),
      fc.constantFrom<Waiver[]>([], [waiver()], [waiver({ expiresAt: at(1) })]),
      (release, stored, version, waivers) => {
        const way = wayBack(release, { verdict: stored, policy: { ...policy, version }, waivers, now });
        if (!('to' in way)) return;
        expect(way.to).toEqual(previousOf(release));
        expect(stored).toMatchObject({ digest: way.to.digest, result: 'pass', policyVersion: version });
        expect(way.to.approval).toMatchObject({ policyVersion: version, waivers: stored?.waivers });
      },
    ),
  ));
