/**
 * AWS's events, parsed by source and detail type into the few signals that we act upon. The events are best effort
 * and may come twice, late or never: they say where to look, and what is found there is what counts.
 * Shapes: Amazon ECR user guide "Sample events from Amazon ECR"; Amazon Inspector user guide "EventBridge event schema";
 * AWS CodeBuild user guide "Build notifications input format reference"; Amazon S3 user guide "EventBridge event message structure".
 */
import { parse, Rejected } from './errors.ts';
import { DomainEvent, eventSource } from './events.ts';
import { Digest, EnvironmentKey, type Instant } from './names.ts';
import { Alive, Seen } from './seen.ts';
import { origin } from './story.ts';
import * as z from './zod.ts';

const Envelope = z.object({
  id: z.string(),
  source: z.string(),
  'detail-type': z.string(),
  /** On the second; those that tests make have none. */
  time: z.optional(z.string()),
  detail: z.record(z.string(), z.unknown()),
});

/** ECR's detail has the repository's name; Inspector's has its ARN under the same key. */
const repositoryName = z.pipe(
  z.string(),
  z.transform((text) => text.replace(/^arn:[^:]+:ecr:[^:]*:[^:]*:repository\//, '')),
);
const ImageDetail = z.object({ 'repository-name': repositoryName, 'image-digest': Digest });

const BuildDetail = z.object({
  'build-status': z.enum(['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'FAULT', 'STOPPED', 'TIMED_OUT']),
  'build-id': z.string(),
  'additional-information': z.optional(
    z.object({
      environment: z.object({
        'environment-variables': z.array(z.object({ name: z.string(), value: z.string() })),
      }),
    }),
  ),
});

/** Asks a stage to look at an environment again: sent by the outbox and by reconcile, straight to the stage's queue. */
export const Look = z.object({ kind: z.literal('look'), environment: EnvironmentKey, story: origin.story });
export type Look = z.infer<typeof Look>;

/** Asks the DNS stage for one page of the zone, from there on: sent by reconcile, and by the page before. */
export const Sweep = z.object({
  kind: z.literal('sweep'),
  from: z.optional(z.object({ name: z.string(), type: z.optional(z.string()) })),
});
export type Sweep = z.infer<typeof Sweep>;

/** What comes straight to a queue, without EventBridge around it. */
const Direct = z.discriminatedUnion('kind', [Look, Sweep, Seen, Alive]);

export type Signal =
  | z.infer<typeof Direct>
  | { readonly kind: 'image'; readonly repository: string; readonly digest: Digest }
  | {
      readonly kind: 'upload';
      /** When it was made. */
      readonly at: Instant;
      readonly bucket: string;
      readonly object: z.infer<typeof UploadDetail>['object'];
    }
  | { readonly kind: 'build'; readonly buildId: string; readonly detail: z.infer<typeof BuildDetail> }
  | { readonly kind: 'told'; readonly event: DomainEvent };

/** What a look or an event of ours is about; undefined for what AWS or a watcher says. */
export function subjectOf(signal: Signal): EnvironmentKey | undefined {
  if (signal.kind === 'look') return signal.environment;
  return signal.kind === 'told' ? signal.event.environment : undefined;
}

/** Keys are as they are, not encoded as those of S3's other notifications (Amazon S3 user guide, "EventBridge event message structure"). */
const UploadDetail = z.object({
  bucket: z.object({ name: z.string() }),
  object: z.object({ key: z.string(), size: z.int(), etag: z.string(), sequencer: z.string() }),
});

const parsers: Readonly<Record<string, (detail: unknown, where: string, at: string) => Signal>> = {
  'aws.ecr ECR Image Action': image,
  'aws.ecr ECR Image Scan': image,
  'aws.inspector2 Inspector2 Scan': image,
  'aws.codebuild CodeBuild Build State Change': build,
  'aws.s3 Object Created': upload,
};

/** @throws Rejected for an event that is malformed or that nobody here knows. */
export function parseEvent(message: unknown): Signal {
  if (typeof message === 'object' && message !== null && 'kind' in message)
    return parse(Direct, message, 'message');
  const envelope = parse(Envelope, message, 'event');
  const where = `event ${envelope.id} (${envelope.source} ${envelope['detail-type']})`;
  if (envelope.source === eventSource) {
    return {
      kind: 'told',
      event: parse(DomainEvent, { ...envelope.detail, type: envelope['detail-type'] }, where),
    };
  }
  const parser = parsers[`${envelope.source} ${envelope['detail-type']}`];
  if (!parser) throw new Rejected(`${where} is of a kind that no stage takes: is a rule's pattern too wide?`);
  return parser(envelope.detail, where, envelope.time ?? '');
}

function image(detail: unknown, where: string): Signal {
  const { 'repository-name': repository, 'image-digest': digest } = parse(ImageDetail, detail, where);
  return { kind: 'image', repository, digest };
}

function upload(detail: unknown, where: string, time: string): Signal {
  const { bucket, object } = parse(UploadDetail, detail, where);
  const at = parse(z.iso.datetime(), time, `the time of ${where}`);
  return { kind: 'upload', at: new Date(at).toISOString(), bucket: bucket.name, object };
}

function build(detail: unknown, where: string): Signal {
  const parsed = parse(BuildDetail, detail, where);
  return { kind: 'build', buildId: parsed['build-id'], detail: parsed };
}
