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

export const Transfer = z.discriminatedUnion('state', [
  z.object({ state: z.literal('offered'), ...offered }),
  z.object({ state: z.literal('accepted'), ...offered, ...accepted }),
  /** The new one is Ready, the old one is deleted. */
  z.object({ state: z.literal('done'), ...offered, ...accepted, endedAt: Instant }),
  z.object({
    state: z.literal('over'),
    ...offered,
    ...acceptedOrNot,
    /** By its own team, by the other one, by nobody in time; or one of both environments was deleted. */
    why: z.enum(['withdrawn', 'refused', 'expired', 'old-deleted', 'new-deleted']),
    endedBy: z.string(),
    endedAt: Instant,
  }),
]);
export type Transfer = z.infer<typeof Transfer>;
export type Over = Extract<Transfer, { state: 'over' }>;
