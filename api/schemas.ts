/** What goes over the wire: requests as they are checked, answers as the client may rely on them. */
import * as z from 'zod';
import { BaseImage } from '#core/config.ts';
import { Cost } from '#core/cost.ts';
import { Remedy } from '#core/dead-letter.ts';
import { Environment, Listed } from '#core/environment.ts';
import { ClusterName, Digest, EnvironmentName, Instant, parseEnvironmentId, TeamName } from '#core/names.ts';
import { KeyId } from '#core/person-key.ts';
import { Policy } from '#core/policy.ts';
import { Spec } from '#core/spec.ts';
import { PublicKeyLine } from '#core/ssh-key.ts';
import { origin, StoryId } from '#core/story.ts';
import { Judgement, Step } from '#core/trace.ts';
import { Amounts } from '#core/usage.ts';
import { Verdict } from '#core/verdict.ts';

/** `/teams/{team}` */
export const TeamPath = z.object({ team: TeamName });
export const KeyPath = z.object({ team: TeamName, id: KeyId });
/** `/environments/{team}/{name}` */
export const EnvironmentPath = z.object({ team: TeamName, name: EnvironmentName });
export const DlqPath = z.object({ dlq: z.string().min(1).max(100) });

export const HealthAnswer = z.object({ status: z.literal('ok') });

export const CreateEnvironment = z.strictObject({
  team: TeamName,
  name: EnvironmentName,
  /** Without it the first of the catalog, or the one that the configuration names for the environment. */
  cluster: ClusterName.optional(),
  spec: Spec,
});
/** The whole of it: what is left out is as for an environment that is asked for. */
export const ChangeEnvironment = z.strictObject({ spec: Spec });
export const AskForBuild = z.strictObject({ useCache: z.boolean().default(false) });
export type CreateEnvironment = z.infer<typeof CreateEnvironment>;
export const ReportPath = z.object({ ...EnvironmentPath.shape, digest: Digest });

export const CatalogAnswer = z.object({
  bases: z.array(BaseImage),
  clusters: z.array(z.object({ name: z.string() })),
  policy: Policy,
});
export type CatalogAnswer = z.infer<typeof CatalogAnswer>;

export const CostAnswer = Cost;
export type CostAnswer = z.infer<typeof CostAnswer>;

export const PlanAnswer = z.object({
  steps: z.array(z.string()),
  /** On the base's tag: its digest is taken when it is built. */
  dockerfile: z.string(),
  /** In the order in which they are applied; a digest of zeros stands for the image that is not built yet. */
  objects: z.array(z.record(z.string(), z.unknown())),
  cost: Cost,
});
export type PlanAnswer = z.infer<typeof PlanAnswer>;

export const UsageAnswer = z.object({ team: z.string(), quota: Amounts, used: Amounts, left: Amounts });
export type UsageAnswer = z.infer<typeof UsageAnswer>;

/** A line of a file that ends in .pub. */
export const AddKey = z.strictObject({ key: PublicKeyLine });
export const KeyAnswer = z.object({
  id: KeyId,
  person: z.string(),
  type: z.string(),
  fingerprint: z.string(),
  comment: z.string(),
  state: z.enum(['good', 'revoked']),
  addedAt: Instant,
  revokedBy: z.string().optional(),
  revokedAt: Instant.optional(),
});
export type KeyAnswer = z.infer<typeof KeyAnswer>;
export const KeysAnswer = z.object({ keys: z.array(KeyAnswer) });
export type KeysAnswer = z.infer<typeof KeysAnswer>;

export const ImagesAnswer = z.object({
  images: z.array(
    z.object({
      digest: Digest,
      /** The newest one, what runs, or what ran before it and may be gone back to. */
      is: z.array(z.enum(['newest', 'running', 'stopped', 'previous'])),
      /** As the gate judged it last; absent where it did not yet. */
      verdict: Judgement.optional(),
    }),
  ),
});
export type ImagesAnswer = z.infer<typeof ImagesAnswer>;

export const ReportAnswer = z.object({
  verdict: Verdict,
  /** All findings as JSON, for whoever has the link, for some minutes. */
  url: z.string(),
  expiresAt: Instant,
});
export type ReportAnswer = z.infer<typeof ReportAnswer>;

export const CreateRejection = z.strictObject({
  digest: Digest,
  /** One line, for whoever asked for the image. */
  reason: z
    .string()
    .min(1)
    .max(500)
    .regex(/^[ -~\u00a0-\uffff]+$/, 'one line without control characters'),
});

export const CreateApproval = z.strictObject({ digest: Digest });

export const EnvironmentAnswer = z.object({
  environment: Environment,
  phase: z.string(),
  /** On the newest image, or on the blocked one that is being rebuilt, once the gate has judged it. */
  verdict: Verdict.optional(),
  history: z.array(z.object({ at: z.string(), actor: z.string(), what: z.string(), ...origin })),
});
export type EnvironmentAnswer = z.infer<typeof EnvironmentAnswer>;

const limit = z
  .string()
  .regex(/^(?:[1-9]\d?|100)$/, 'from 1 to 100')
  .transform(Number)
  .optional()
  .describe('How many a page has at most.');

export const ListQuery = z.strictObject({
  team: TeamName.optional().describe('Of this team alone; without it of all whose environments you may see.'),
  cursor: z
    .string()
    .regex(/^[a-z0-9-]{1,24}\/[a-z0-9-]{1,24}$/, 'the `next` of an earlier page')
    .transform((id, context) => {
      const key = parseEnvironmentId(id);
      if (key) return key;
      context.addIssue({ code: 'custom', message: 'the `next` of an earlier page' });
      return z.NEVER;
    })
    .optional()
    .describe('`next` of the page before.'),
  limit,
});

export const EnvironmentsAnswer = z.object({
  environments: z.array(z.object({ ...Listed.shape, phase: z.string() })),
  /** The cursor of the next page, where there is one. */
  next: z.string().optional(),
});
export type EnvironmentsAnswer = z.infer<typeof EnvironmentsAnswer>;

/** Query of `GET /environments/{team}/{name}/trace`. */
export const TraceQuery = z.strictObject({
  story: StoryId.optional(),
  /** `next` of the page before. */
  cursor: z
    .string()
    .regex(/^\d{1,10}$/, 'the `next` of an earlier page')
    .transform(Number)
    .optional(),
});

/** One page of an environment's story, oldest first; `next` is the cursor of the page after it, if there is one. */
export const TraceAnswer = z.object({ steps: z.array(Step), next: z.string().optional() });
export type TraceAnswer = z.infer<typeof TraceAnswer>;

const Dlq = { name: z.string(), remedy: Remedy, note: z.string().optional() };

export const DlqsAnswer = z.object({
  queues: z.array(
    z.object({
      ...Dlq,
      /** As SQS counts: not to the message. */
      messages: z.int(),
      /** Of the first messages that SQS gave. */
      oldestAt: Instant.optional(),
    }),
  ),
});
export type DlqsAnswer = z.infer<typeof DlqsAnswer>;

export const DlqAnswer = z.object({
  ...Dlq,
  messages: z.array(
    z.object({
      id: z.string(),
      sentAt: Instant,
      why: z.enum(['refused', 'undelivered', 'failed', 'stream', 'invocation', 'unknown']),
      reason: z.string(),
      /** Shortened, on one line. */
      body: z.string(),
    }),
  ),
  /** There may be others than these. */
  more: z.boolean(),
});
export type DlqAnswer = z.infer<typeof DlqAnswer>;

export const RedriveRequest = z.strictObject({
  /** Without them all messages. */
  ids: z.array(z.string().min(1)).min(1).max(100).optional(),
  /** Only what was sent until then: the answer's, when the next part is asked for. */
  before: Instant.optional(),
});
export type RedriveRequest = z.infer<typeof RedriveRequest>;

export const RedriveAnswer = z.object({
  name: z.string(),
  remedy: Remedy,
  /** Ids of the messages that left the DLQ. */
  done: z.array(z.string()),
  failed: z.array(z.object({ id: z.string(), reason: z.string() })),
  /** Asked for by id, and not seen. */
  missing: z.array(z.string()),
  before: Instant,
  /** There may be others: ask again with `before`. */
  more: z.boolean(),
});
export type RedriveAnswer = z.infer<typeof RedriveAnswer>;

/** RFC 9457, with the fields that are wrong. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;
