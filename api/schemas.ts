/** Requests as they are checked. What is answered has a file of its own, which the function does not load: answers.ts. */
import {
  ClusterName,
  Digest,
  EnvironmentName,
  Instant,
  NewEnvironmentName,
  parseEnvironmentId,
  TeamName,
} from '#core/names.ts';
import { KeyId } from '#core/person-key.ts';
import { Spec } from '#core/spec.ts';
import { PublicKeyLine } from '#core/ssh-key.ts';
import { StoryId } from '#core/story.ts';
import { Ttl } from '#core/ttl.ts';
import { WaiverId } from '#core/waiver.ts';
import * as z from '#core/zod.ts';
import { limit } from './paging.ts';

/** `/teams/{team}` */
export const TeamPath = z.object({ team: TeamName });
export const KeyPath = z.object({ team: TeamName, id: KeyId });
/** `/environments/{team}/{name}` */
export const EnvironmentPath = z.object({ team: TeamName, name: EnvironmentName });
export const DlqPath = z.object({ dlq: z.string().check(z.minLength(1), z.maxLength(100)) });

export const CreateEnvironment = z.strictObject({
  team: TeamName,
  name: NewEnvironmentName,
  /** Without it the first of the catalog, or the one that the configuration names for the environment. */
  cluster: z.optional(ClusterName),
  spec: Spec,
});
/** The whole of it: what is left out is as for an environment that is asked for. */
export const ChangeEnvironment = z.strictObject({ spec: Spec });
export const AskForBuild = z.strictObject({ useCache: z._default(z.boolean(), false) });
/** For this time; without it as long as its spec's. */
export const ExtendEnvironment = z.strictObject({ ttl: z.optional(Ttl) });
export type CreateEnvironment = z.infer<typeof CreateEnvironment>;
export const ReportPath = z.object({ ...EnvironmentPath.shape, digest: Digest });
export const DryRunQuery = z.strictObject({
  dryRun: z
    .optional(z.enum(['true', 'false']))
    .check(
      z.describe(
        'true: it is decided and refused as if it were meant, its plan is the answer, and nothing is done.',
      ),
    ),
});

export const WaiverPath = z.object({ team: TeamName, id: WaiverId });
/** Where the page before ended: a record's name and type. */
export const ZonePlanQuery = z.strictObject({
  cursor: z.optional(z.string().check(z.regex(/^[\x21-\x7e]{1,1024}(?: [A-Z]{1,10})?$/))),
});

/** A line of a file that ends in .pub. */
export const AddKey = z.strictObject({ key: PublicKeyLine });

export const CreateRejection = z.strictObject({
  digest: Digest,
  /** One line, for whoever asked for the image. */
  reason: z
    .string()
    .check(
      z.minLength(1),
      z.maxLength(500),
      z.regex(/^[ -~\u00a0-\uffff]+$/, 'one line without control characters'),
    ),
});

export const CreateApproval = z.strictObject({ digest: Digest });

export const ListQuery = z.strictObject({
  team: z
    .optional(TeamName)
    .check(z.describe('Of this team alone; without it of all whose environments you may see.')),
  cursor: z
    .optional(
      z.pipe(
        z.string().check(z.regex(/^[a-z0-9-]{1,24}\/[a-z0-9-]{1,24}$/, 'the `next` of an earlier page')),
        z.transform((id, payload) => {
          const key = parseEnvironmentId(id);
          if (key) return key;
          payload.issues.push({ code: 'custom', message: 'the `next` of an earlier page', input: id });
          return z.NEVER;
        }),
      ),
    )
    .check(z.describe('`next` of the page before.')),
  limit,
});

/** Query of `GET /environments/{team}/{name}/trace`. */
export const TraceQuery = z.strictObject({
  story: z.optional(StoryId),
  /** `next` of the page before. */
  cursor: z.optional(
    z.pipe(z.string().check(z.regex(/^\d{1,10}$/, 'the `next` of an earlier page')), z.transform(Number)),
  ),
});

export const RedriveRequest = z.strictObject({
  /** Without them all messages. */
  ids: z.optional(z.array(z.string().check(z.minLength(1))).check(z.minLength(1), z.maxLength(100))),
  /** Only what was sent until then: the answer's, when the next part is asked for. */
  before: z.optional(Instant),
});
export type RedriveRequest = z.infer<typeof RedriveRequest>;
