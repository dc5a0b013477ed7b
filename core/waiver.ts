/**
 * Waivers that people make by the API: one proposes, another approves, and from then on it counts as one of the configuration
 * does. Nothing of it is ever deleted: who did what, and when, stays with it.
 */
import { type Refusal, refuse } from './decision.ts';
import { addSeconds, type EnvironmentKey, EnvironmentName, Instant, TeamName } from './names.ts';
import type { Waiver } from './policy.ts';
import { Release, releaseText } from './young.ts';
import * as z from './zod.ts';

export const WaiverId = z.string().check(z.regex(/^api-[0-9a-f]{16}$/, "a waiver's id: api- and 16 digits"));

/** What is proposed: that a finding may pass, or one release that is younger than all others must be (builds.ts). */
const wish = {
  cve: z.optional(
    z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{2,99}$/, "a finding's id, as the report has it")),
  ),
  package: z.optional(Release),
  /** Without it, of all of the team. */
  environment: z.optional(EnvironmentName),
  reason: z.string().check(z.minLength(10), z.maxLength(500)),
  expiresAt: Instant,
};
export const WaiverWish = z.strictObject(wish).check(
  z.refine(({ cve, package: release }) => (cve === undefined) !== (release === undefined), {
    path: ['cve'],
    error: 'one of cve and package',
  }),
);
export type WaiverWish = z.infer<typeof WaiverWish>;

const fields = {
  id: WaiverId,
  team: TeamName,
  ...wish,
  author: z.string(),
  proposedAt: Instant,
  version: z.int(),
};
const approval = { approver: z.string(), approvedAt: Instant };

export const KeptWaiver = z.discriminatedUnion('state', [
  z.object({ state: z.literal('proposed'), ...fields }),
  z.object({ state: z.literal('good'), ...fields, ...approval }),
  z.object({
    state: z.literal('withdrawn'),
    ...fields,
    approver: z.optional(z.string()),
    approvedAt: z.optional(Instant),
    withdrawnBy: z.string(),
    withdrawnAt: Instant,
  }),
]);
export type KeptWaiver = z.infer<typeof KeptWaiver>;

/** Who decided it looks at it again within the year. */
const longestSeconds = 366 * 86_400;

interface Proposal {
  readonly id: string;
  readonly team: TeamName;
  readonly wish: WaiverWish;
  readonly person: string;
  readonly now: Instant;
}

export function propose({ id, team, wish, person, now }: Proposal): KeptWaiver | Refusal {
  if (wish.expiresAt <= now || wish.expiresAt > addSeconds(now, longestSeconds)) {
    const detail = `${wish.expiresAt} is past, or more than a year away: say when it is to be looked at again.`;
    return refuse(409, 'No end within a year', detail);
  }
  return { state: 'proposed', id, team, ...wish, author: person, proposedAt: now, version: 1 };
}

/** @returns the same where nothing is to be done. */
export function approveWaiver(waiver: KeptWaiver, person: string, now: Instant): KeptWaiver | Refusal {
  const { id, author, expiresAt } = waiver;
  if (waiver.state === 'good') return waiver;
  if (waiver.state === 'withdrawn')
    return refuse(
      409,
      'It is withdrawn',
      `${waiver.withdrawnBy} withdrew ${id} at ${waiver.withdrawnAt}: propose it anew.`,
    );
  if (author === person)
    return refuse(403, 'Your own waiver', `${person} proposed ${id}: somebody else approves it.`);
  if (expiresAt <= now) return refuse(409, 'It is over', `${id} ended at ${expiresAt}: propose it anew.`);
  return { ...waiver, state: 'good', approver: person, approvedAt: now, version: waiver.version + 1 };
}

/** By whoever may waive, its author too: to take an exception back needs no second pair of eyes. */
export function withdraw(waiver: KeptWaiver, person: string, now: Instant): KeptWaiver {
  if (waiver.state === 'withdrawn') return waiver;
  return {
    ...waiver,
    state: 'withdrawn',
    withdrawnBy: person,
    withdrawnAt: now,
    version: waiver.version + 1,
  };
}

/** All that count for a team: those of the configuration, and those that people made. */
export const waiversInForce = (configured: readonly Waiver[], made: readonly KeptWaiver[]): Waiver[] => [
  ...configured,
  ...goodWaivers(made),
];

/** Whether it counts or did: a proposal that nobody approved lets nothing through, and its end changes nothing. */
export const hasCounted = (waiver: KeptWaiver): boolean =>
  waiver.state !== 'proposed' && waiver.approvedAt !== undefined;

/** Those that count, as the gate knows them: approved by somebody else. Whether one is over, the gate says. */
const goodWaivers = (kept: readonly KeptWaiver[]): Waiver[] =>
  kept.flatMap((waiver) => {
    const { id, cve, team, environment, author, reason, expiresAt } = waiver;
    if (waiver.state !== 'good' || waiver.approver === author || cve === undefined) return [];
    const { approver } = waiver;
    return [{ id, cve, team, ...(environment && { environment }), author, approver, reason, expiresAt }];
  });

/** The releases that a build of the environment may take whatever their age, each once and in one order. */
export function waivedReleases(
  kept: readonly KeptWaiver[],
  { team, name }: EnvironmentKey,
  now: Instant,
): Release[] {
  const found = kept.flatMap((waiver) => {
    const { package: release, environment, author, expiresAt } = waiver;
    if (waiver.state !== 'good' || waiver.approver === author || release === undefined) return [];
    const isOurs = waiver.team === team && (environment === undefined || environment === name);
    return isOurs && expiresAt > now ? [release] : [];
  });
  const byText = new Map(found.map((release) => [releaseText(release), release]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, release]) => release);
}
