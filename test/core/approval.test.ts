/** Who may approve, what may be approved, and in which words everything else is refused. */
import { describe, expect, it } from 'vitest';
import { type ApprovalRequest, approve } from '#core/approval.ts';
import { judged, pushed } from '#core/candidate.ts';
import { refusePromotion } from '#core/promotion.ts';
import {
  ann,
  at,
  awaiting,
  bob,
  built,
  changed,
  digest,
  gone,
  image,
  next,
  policy,
  promoting,
  requested,
  scanning,
  team,
  told,
  unfixable,
  verdict,
} from './samples.ts';

const ask = (parts: Partial<ApprovalRequest> = {}) =>
  approve({
    environment: awaiting(),
    digest: digest(1),
    person: bob,
    team,
    verdict: verdict(1),
    policy,
    now: at(120),
    ...parts,
  });

it('is written with who, when and under what, and looked after', () => {
  const decision = ask();
  expect(told(decision)).toEqual(['ImageApproved']);
  expect(changed(decision).events[0]).toMatchObject({ digest: digest(1), approver: 'bob' });
  expect(changed(decision).audit).toMatchObject({ actor: 'bob', at: at(120) });
  expect(next(decision)).toEqual({ ...promoting(), version: awaiting().version + 1 });
});

describe('403', () => {
  it('nobody but approvers of the team', () => {
    for (const groups of [[], ['members'], ['approvers-of-payments']]) {
      expect(ask({ person: { name: 'bob', groups } })).toMatchObject({
        outcome: 'refused',
        status: 403,
        title: 'Not an approver',
        detail: expect.stringContaining('approvers'),
      });
    }
  });
  it('not the requester, where the team wants four eyes', () => {
    expect(ask({ person: ann })).toMatchObject({ status: 403, title: 'Your own request' });
    expect(told(ask({ person: ann, team: { ...team, requesterMayApprove: true } }))).toEqual([
      'ImageApproved',
    ]);
  });
  it('comes before any word of the image', () => {
    expect(ask({ person: ann, digest: digest(9) })).toMatchObject({ status: 403 });
  });
});

describe('409', () => {
  const refused = () => next(refusePromotion(promoting(), digest(1), gone('the image was deleted'), at(125)));
  const blocked = () => next(judged(scanning(), built(1), unfixable(1), policy, at(110)));
  const newer = () => next(pushed(awaiting(), image(9, at(300)), at(301)));

  it.each<[string, Partial<ApprovalRequest>, string, string]>([
    ['another digest', { digest: digest(9) }, 'Another image', 'not the newest image'],
    ['a newer push', { environment: newer() }, 'Another image', 'sha256:000000000000'],
    ['twice', { environment: promoting() }, 'Approved already', 'bob approved'],
    ['while it is built', { environment: requested() }, 'Not waiting for approval', 'building'],
    ['before the scan ended', { environment: scanning() }, 'Not waiting for approval', 'scanning'],
    ['of a blocked image', { environment: blocked() }, 'Not waiting for approval', 'CVE-2021-44906'],
    ['of a refused one', { environment: refused() }, 'Not waiting for approval', 'refused'],
    ['without a verdict', { verdict: undefined }, 'The verdict turned', 'missing'],
    ['after it turned', { verdict: unfixable(1) }, 'The verdict turned', 'block'],
    ['when it is stale', { verdict: verdict(1, { result: 'stale' }) }, 'The verdict turned', 'stale'],
    [
      'under a newer policy',
      { policy: { ...policy, version: '2' } },
      'The policy or its waivers changed',
      '2 is in force',
    ],
    [
      'judged under another policy',
      { verdict: verdict(1, { policyVersion: '0' }) },
      'The policy or its waivers changed',
      'policy 0',
    ],
    [
      'with other waivers',
      { verdict: verdict(1, { waivers: ['w1'] }) },
      'The policy or its waivers changed',
      'The waivers that it passed with changed',
    ],
  ])('%s', (_, parts, title, detail) => {
    expect(ask(parts)).toMatchObject({
      outcome: 'refused',
      status: 409,
      title,
      detail: expect.stringContaining(detail),
    });
  });
});
