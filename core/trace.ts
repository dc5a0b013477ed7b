/**
 * The story of an environment as it was written: one step for each audit line and each event, with what ties them
 * together. The order is that of the changes: clocks of two functions may differ, versions do not.
 */
import { DomainEvent } from './events.ts';
import { Digest, Instant } from './names.ts';
import { origin } from './story.ts';
import * as z from './zod.ts';

/** What the gate said with a change; the verdict itself is kept for the newest look at a digest only. */
export const Judgement = z.object({
  digest: Digest,
  result: z.enum(['pass', 'block', 'stale']),
  blocking: z.int(),
  policyVersion: z.string(),
});
export type Judgement = z.infer<typeof Judgement>;

const Change = z.object({
  kind: z.literal('change'),
  version: z.int(),
  at: Instant,
  actor: z.string(),
  what: z.string(),
  verdict: z.optional(Judgement),
  ...origin,
});
const Event = z.object({
  kind: z.literal('event'),
  version: z.int(),
  position: z.int(),
  /** When it was written; when it was sent, if it was: it is forgotten a week later. */
  at: Instant,
  sentAt: z.optional(Instant),
  event: DomainEvent,
  story: origin.story,
});

export const Step = z.discriminatedUnion('kind', [Change, Event]);
export type Step = z.infer<typeof Step>;

/** A change comes before the events that it told. */
export const byVersion = (a: Step, b: Step): number => a.version - b.version || place(a) - place(b);
const place = (step: Step): number => (step.kind === 'change' ? -1 : step.position);

export const ofStory = (steps: readonly Step[], story: string | undefined): readonly Step[] =>
  story === undefined ? steps : steps.filter((step) => step.story === story);
