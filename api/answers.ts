/**
 * Answers as the client may rely on them. The compiler holds the routes to them, which name them; the client parses by them and the
 * document shows them. The function loads none: what it answers it has just made (docs/adr/0018).
 */
import { BuildRecord } from '#core/build-record.ts';
import { BaseImage } from '#core/catalog.ts';
import { Cost } from '#core/cost.ts';
import { Remedy } from '#core/dead-letter.ts';
import { PlannedName } from '#core/dns-dry-run.ts';
import { Environment, Listed } from '#core/environment.ts';
import { Digest, Instant } from '#core/names.ts';
import { Policy, Waiver } from '#core/policy.ts';
import { origin } from '#core/story.ts';
import { Judgement, Step } from '#core/trace.ts';
import { Amounts } from '#core/usage.ts';
import { Verdict } from '#core/verdict.ts';
import { VolumeClass } from '#core/volume-class.ts';
import { KeptWaiver } from '#core/waiver.ts';
import * as z from '#core/zod.ts';
import { KeyAnswer } from './key-schemas.ts';

export { FailuresAnswer, JobAnswer, JobFilesAnswer, JobsAnswer, ResultsAnswer } from './job-answers.ts';
export { KeyAnswer } from './key-schemas.ts';
export { SessionsAnswer } from './session-schemas.ts';
export { SnapshotAnswer, SnapshotsAnswer } from './snapshot-schemas.ts';
export { StandingJobAnswer, StandingJobsAnswer } from './standing-answers.ts';
export { TransferAnswer, TransfersAnswer } from './transfer-answers.ts';
export const HealthAnswer = z.object({ status: z.literal('ok') });

/** A base with what the registry says of it; without `image` it is not there, and `missing` says what to do. */
const Base = z.object({
  ...BaseImage.shape,
  title: z.string(),
  image: z.optional(
    z.object({
      digest: Digest,
      sizeMB: z.number(),
      pushedAt: Instant,
      scan: z.optional(z.object({ completedAt: Instant, findings: z.record(z.string(), z.int()) })),
    }),
  ),
  missing: z.optional(z.string()),
});

export const CatalogAnswer = z.object({
  bases: z.array(Base),
  /** What the URL of a Git repository must begin with to be built; empty where none is. */
  git: z.array(z.string()),
  clusters: z.array(z.object({ name: z.string(), volumes: z.array(VolumeClass) })),
  policy: Policy,
});
export type CatalogAnswer = z.infer<typeof CatalogAnswer>;

export const CostAnswer = Cost;
export type CostAnswer = z.infer<typeof CostAnswer>;

/** What is let through and may still be a mistake. */
const warnings = z.optional(z.array(z.object({ path: z.string(), message: z.string() })));

export const PlanAnswer = z.object({
  steps: z.array(z.string()),
  /** On the digest that the base has now. */
  dockerfile: z.string(),
  /** In the order in which they are applied; a digest of zeros stands for the image that is not built yet. */
  objects: z.array(z.record(z.string(), z.unknown())),
  cost: Cost,
  warnings,
});
export type PlanAnswer = z.infer<typeof PlanAnswer>;
export const WaiverAnswer = KeptWaiver;
export type WaiverAnswer = z.infer<typeof WaiverAnswer>;
/** One page, by id; the first has those of the configuration too. `next` is the cursor of the page after it, if there is one. */
export const WaiversAnswer = z.object({
  waivers: z.array(KeptWaiver),
  configured: z.array(Waiver),
  next: z.optional(z.string()),
});
export type WaiversAnswer = z.infer<typeof WaiversAnswer>;

export const NamePlanAnswer = PlannedName;
export type NamePlanAnswer = z.infer<typeof NamePlanAnswer>;
export const ZonePlanAnswer = z.object({ names: z.array(PlannedName), next: z.optional(z.string()) });
export type ZonePlanAnswer = z.infer<typeof ZonePlanAnswer>;

export const UsageAnswer = z.object({ team: z.string(), quota: Amounts, used: Amounts, left: Amounts });
export type UsageAnswer = z.infer<typeof UsageAnswer>;
/** One page, by id; `next` is the cursor of the page after it, if there is one. */
export const KeysAnswer = z.object({ keys: z.array(KeyAnswer), next: z.optional(z.string()) });
export type KeysAnswer = z.infer<typeof KeysAnswer>;

export const ImagesAnswer = z.object({
  images: z.array(
    z.object({
      digest: Digest,
      /** The newest one, what runs, or what ran before it and may be gone back to. */
      is: z.array(z.enum(['newest', 'running', 'stopped', 'previous'])),
      /** As the gate judged it last; absent where it did not yet. */
      verdict: z.optional(Judgement),
    }),
  ),
});
export type ImagesAnswer = z.infer<typeof ImagesAnswer>;

export const ReportAnswer = z.object({
  verdict: Verdict,
  /** All findings as JSON, for whoever has the link, for some minutes. */
  url: z.string(),
  expiresAt: Instant,
  /** What refers to the image in the registry: the SBOM and the provenance of what we built, each with a link to its content. */
  attached: z.array(z.object({ type: z.string(), digest: Digest, url: z.optional(z.string()) })),
});
export type ReportAnswer = z.infer<typeof ReportAnswer>;

export const EnvironmentAnswer = z.object({
  environment: Environment,
  phase: z.string(),
  /** Where it serves, by TLS where its team has a certificate in its cluster. Absent before it has a name. */
  url: z.optional(z.url()),
  /** On the newest image, or on the blocked one that is being rebuilt, once the gate has judged it. */
  verdict: z.optional(Verdict),
  warnings,
  history: z.array(z.object({ at: z.string(), actor: z.string(), what: z.string(), ...origin })),
});
export type EnvironmentAnswer = z.infer<typeof EnvironmentAnswer>;

/** A change, or with `dryRun=true` its plan. */
export const ChangeAnswer = z.union([EnvironmentAnswer, PlanAnswer]);

export const EnvironmentsAnswer = z.object({
  environments: z.array(z.object({ ...Listed.shape, phase: z.string() })),
  /** The cursor of the next page, where there is one. */
  next: z.optional(z.string()),
});
export type EnvironmentsAnswer = z.infer<typeof EnvironmentsAnswer>;

/** One page of an environment's story, oldest first; `next` is the cursor of the page after it, if there is one. */
export const TraceAnswer = z.object({ steps: z.array(Step), next: z.optional(z.string()) });
export type TraceAnswer = z.infer<typeof TraceAnswer>;

const Dlq = { name: z.string(), remedy: Remedy, note: z.optional(z.string()) };

export const DlqsAnswer = z.object({
  queues: z.array(
    z.object({
      ...Dlq,
      /** As SQS counts: not to the message. */
      messages: z.int(),
      /** Of the first messages that SQS gave. */
      oldestAt: z.optional(Instant),
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
  fields: z.optional(z.array(z.object({ path: z.string(), message: z.string() }))),
});
export type Problem = z.infer<typeof Problem>;

/** A page of what a build printed, and where the next one begins. */
export const BuildLogAnswer = z.object({
  lines: z.array(z.object({ at: Instant, text: z.string() })),
  /** Where to read on; absent while nothing was printed. */
  cursor: z.optional(z.string()),
  /** There are lines behind this page already. */
  more: z.boolean(),
  /** No line comes after this page any more. */
  ended: z.boolean(),
});
export type BuildLogAnswer = z.infer<typeof BuildLogAnswer>;

/** How long each step of a build took, in the order in which they began. While it runs, as far as it printed. */
export const BuildAnswer = z.object({
  number: z.int(),
  ended: z.boolean(),
  steps: BuildRecord.shape.steps,
  /** So many steps came behind those that are told. */
  left: z.int(),
  /** So many of those that are told came from a cache. */
  cached: z.int(),
});
export type BuildAnswer = z.infer<typeof BuildAnswer>;
