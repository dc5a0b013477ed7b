/** What is asked of standing jobs. */
import { StandingKey, StandingName } from '#core/jobs/standing/cause.ts';
import { StandingSpec } from '#core/jobs/standing/standing.ts';
import { TeamName } from '#core/names.ts';
import * as z from '#core/zod.ts';

/** `standing`: what starts it, and the job as `POST /jobs` takes it, without what is read where an upload or another job says that. */
export const CreateStandingJob = z.strictObject({
  team: TeamName,
  name: StandingName,
  standing: StandingSpec,
});
export type CreateStandingJob = z.infer<typeof CreateStandingJob>;

/** The whole of it. */
export const ChangeStandingJob = z.strictObject({ standing: StandingSpec });

export const StandingPath = StandingKey;

export const StandingQuery = z.strictObject({
  /** `next` of the page before. */
  cursor: z.optional(StandingName),
});
