/**
 * What starts a standing job: a time that came, an object that was uploaded, a job that succeeded, or a person. Each cause has one name,
 * and from it comes the name of the job that it starts: however often it is told of, it starts one.
 */
import { unreachable } from '../../errors.ts';
import { addSeconds, EnvironmentName, Instant, jobNamePattern, TeamName } from '../../names.ts';
import * as z from '../../zod.ts';
import { type JobName, JobName as JobNameSchema, jobNameAt } from '../slots.ts';

/** Looks and the outbox have them where environments are; by their names they are told from jobs. */
export const StandingName = EnvironmentName.check(
  z.refine((name) => !jobNamePattern.test(name), 'another name: data jobs are called so'),
);
export const StandingKey = z.object({ team: TeamName, name: StandingName });
export type StandingKey = z.infer<typeof StandingKey>;

export const Cause = z.discriminatedUnion('kind', [
  /** `missed`: how many of its times were before this one, and nobody saw them come. */
  z.object({ kind: z.literal('time'), at: Instant, missed: z.int() }),
  z.object({
    kind: z.literal('upload'),
    at: Instant,
    key: z.string().check(z.maxLength(1024)),
    etag: z.string(),
    /** Of S3: another one for each time that the object was written. */
    sequencer: z.string(),
  }),
  /** `depth`: how many jobs are before it in its chain. */
  z.object({ kind: z.literal('after'), at: Instant, job: JobNameSchema, depth: z.int() }),
  z.object({ kind: z.literal('asked'), at: Instant, by: z.string() }),
]);
export type Cause = z.infer<typeof Cause>;

/** The same for what is told twice. */
export function causeId(cause: Cause): string {
  switch (cause.kind) {
    case 'time':
      return `time ${cause.at}`;
    case 'upload':
      return `upload ${cause.etag} ${cause.sequencer} ${cause.key}`;
    case 'after':
      return `after ${cause.job}`;
    case 'asked':
      return `asked ${cause.at} ${cause.by}`;
    default:
      return unreachable(cause);
  }
}

/** As people read it. */
export function causeText(cause: Cause): string {
  switch (cause.kind) {
    case 'time':
      return `the time ${cause.at}${cause.missed > 0 ? `, ${cause.missed} before it were missed` : ''}`;
    case 'upload':
      return `the upload of ${cause.key}`;
    case 'after':
      return `the end of ${cause.job}`;
    case 'asked':
      return `${cause.by}, who asked for it`;
    default:
      return unreachable(cause);
  }
}

const spreadSeconds = 60;

/**
 * Jobs' names are the whole installation's, and many standing jobs have the same time: what tells them apart are 32 bits of the cause, of
 * which some are in the name's own time. So it sorts within a minute of its cause.
 */
export function startedName({ team, name }: StandingKey, cause: Cause): JobName {
  const hash = hashOf(`${team}/${name} ${causeId(cause)}`);
  const spread = spreadSeconds * 1000;
  const random = (Math.floor(hash / spread) % 0x10000).toString(16).padStart(4, '0');
  return jobNameAt(addSeconds(cause.at, (hash % spread) / 1000), random);
}

/** FNV-1a with a last mixing (MurmurHash3's): names that differ in one letter are far apart. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
