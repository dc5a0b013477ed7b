/** What an environment says of itself while it is to go to another team; what was offered is an item of its own (transfer.ts). */
import { Instant, TeamName } from '../names.ts';
import * as z from '../zod.ts';

export const Leaving = z.object({
  to: TeamName,
  state: z.enum(['offered', 'accepted']),
  /** When the schedule is to see whether the offer is over, or what takes its place is Ready. */
  lookAt: Instant,
});
