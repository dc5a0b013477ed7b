/** What an environment says of itself while it is to go to another team; what was offered is an item of its own (transfer.ts). */
import { Instant, TeamName } from '../names.ts';
import * as z from '../zod.ts';

export const Leaving = z.object({
  to: TeamName,
  state: z.enum(['offered', 'accepted', 'moving']),
  /** When the schedule is to see whether the offer is over, or what takes its place is Ready. */
  lookAt: Instant,
});

/** Its volume's snapshot, for the environment that takes its place. */
export const Moved = z.object({
  at: Instant,
  /** The team that has the environment keeps it. */
  kept: z.boolean(),
  /** What was told last of why it waits. */
  told: z.optional(z.string()),
  /** When the deployer is to look; gone when it is kept, or is not to be made any more. */
  lookAt: z.optional(Instant),
});
export type Moved = z.infer<typeof Moved>;
