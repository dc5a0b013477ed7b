/** The item that ties an environment to what another team makes of it. Nothing of it is ever deleted: the newest transfer stays. */
import { EnvironmentKey, Instant, TeamName } from '../names.ts';
import * as z from '../zod.ts';

const offered = {
  from: EnvironmentKey,
  to: TeamName,
  offeredBy: z.string(),
  offeredAt: Instant,
  /** Nobody accepts it after that. */
  until: Instant,
  version: z.int(),
};
/** The new environment is the one that was made at that very instant: another of its name is not what was waited for. */
const accepted = { acceptedBy: z.string(), acceptedAt: Instant };
const acceptedOrNot = { acceptedBy: z.optional(z.string()), acceptedAt: z.optional(Instant) };
/** Of what has a volume. */
const movedOrNot = { movedAt: z.optional(Instant), ran: z.optional(z.boolean()) };

export const Transfer = z.discriminatedUnion('state', [
  z.object({ state: z.literal('offered'), ...offered }),
  z.object({ state: z.literal('accepted'), ...offered, ...accepted }),
  /** It has a volume: the old one is stopped, and what is on the volume goes over as a snapshot of that instant's name. */
  z.object({
    state: z.literal('moving'),
    ...offered,
    ...accepted,
    movedAt: Instant,
    /** When it is taken back the old one runs again. */
    ran: z.boolean(),
  }),
  /** The new one is Ready, the old one is deleted. */
  z.object({ state: z.literal('done'), ...offered, ...accepted, ...movedOrNot, endedAt: Instant }),
  z.object({
    state: z.literal('over'),
    ...offered,
    ...acceptedOrNot,
    ...movedOrNot,
    /** By its own team, by the other one, by nobody in time; or one of both environments was deleted. */
    why: z.enum(['withdrawn', 'refused', 'expired', 'old-deleted', 'new-deleted']),
    endedBy: z.string(),
    endedAt: Instant,
  }),
]);
export type Transfer = z.infer<typeof Transfer>;
export type Over = Extract<Transfer, { state: 'over' }>;
