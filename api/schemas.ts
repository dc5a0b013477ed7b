/** What goes over the wire: requests as they are checked, answers as the client may rely on them. */
import * as z from 'zod';
import { Environment } from '#core/environment.ts';
import { Digest, EnvironmentName, TeamName } from '#core/names.ts';
import { Spec } from '#core/spec.ts';
import { Verdict } from '#core/verdict.ts';

export const CreateEnvironment = z.strictObject({ team: TeamName, name: EnvironmentName, spec: Spec });
export const CreateApproval = z.strictObject({ digest: Digest });

export const EnvironmentAnswer = z.object({
  environment: Environment,
  phase: z.string(),
  /** On the newest image, or on the blocked one that is being rebuilt, once the gate has judged it. */
  verdict: Verdict.optional(),
  history: z.array(z.object({ at: z.string(), actor: z.string(), what: z.string() })),
});
export type EnvironmentAnswer = z.infer<typeof EnvironmentAnswer>;

/** RFC 9457, with the fields that are wrong. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;
