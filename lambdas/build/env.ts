/** Environment variables of the build stage. */
import * as z from '#core/zod.ts';

export const Env = z.object({
  TABLE_NAME: z.string().check(z.minLength(1)),
  /** The CodeBuild project. */
  PROJECT_NAME: z.string().check(z.minLength(1)),
  /** What the ARN of the role begins with that a team's builds have; behind it is the team's name. */
  BUILDER_ROLES_ARN: z.string().check(z.minLength(1)),
  /** Build contexts are written here, below `builds/`. */
  SOURCE_BUCKET: z.string().check(z.minLength(1)),
  /** `<account>.dkr.ecr.<region>.amazonaws.com` */
  REGISTRY: z.string().check(z.minLength(1)),
  /** Of the roles that a release repository lets push, and be taken away. */
  PROMOTER_ROLE_ARN: z.string().check(z.minLength(1)),
  REMOVER_ROLE_ARN: z.string().check(z.minLength(1)),
  /** Where a message that can never work goes, with its reason. */
  DLQ_URL: z.url(),
  /** Where CodeBuild writes what builds print, each into a stream of its own. */
  LOG_GROUP: z.string().check(z.minLength(1)),
});
