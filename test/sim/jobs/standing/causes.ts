/** Causes of standing jobs, held against the world in other words than the product's: whether each is true, and whether what came of it is. */
import type { Cause } from '#core/jobs/standing/cause.ts';
import type { LiveStanding, Run } from '#core/jobs/standing/standing.ts';
import { addSeconds, type Instant } from '#core/names.ts';
import { isSame } from '#core/same.ts';
import { timesOf } from './clock.ts';

/** Clocks of functions differ by so much. */
export const skewSeconds = 5;

export interface Uploaded {
  readonly key: string;
  readonly etag: string;
  readonly sequencer: string;
  readonly at: Instant;
  /** At least one message was sent of it. */
  readonly told: boolean;
}

export interface Known {
  readonly now: Instant;
  /** Since when nobody has changed what starts it, or whether anything does. */
  readonly saidSince: Instant;
  readonly uploads: readonly Uploaded[];
  readonly succeeded: (job: string) => boolean;
  readonly wasRun: boolean;
}

export function idOf(cause: Cause): string {
  switch (cause.kind) {
    case 'time':
      return `time ${cause.at}`;
    case 'upload':
      return `upload ${cause.sequencer} of ${cause.key}`;
    case 'after':
      return `end of ${cause.job}`;
    case 'asked':
      return `asked at ${cause.at}`;
  }
}

export const causesOf = ({ waiting, current, runs }: LiveStanding): Cause[] =>
  [...waiting, ...(current ? [current] : []), ...runs].map(({ cause }) => cause);

export const runText = ({ cause, outcome, why = '' }: Run): string => `${idOf(cause)} ${outcome} ${why}`;

/** What is wrong with a cause that it says has come; undefined where it has. */
export function whyUntrue({ spec: { when } }: LiveStanding, cause: Cause, known: Known): string | undefined {
  switch (cause.kind) {
    case 'time':
      if (when.kind !== 'schedule' || !timesOf(when).includes(cause.at)) return 'is none of its times';
      if (cause.at > addSeconds(known.now, skewSeconds)) return 'has not come yet';
      return cause.at < addSeconds(known.saidSince, -skewSeconds)
        ? `was before ${known.saidSince}`
        : undefined;
    case 'upload':
      if (when.kind !== 'upload' || !`s3://jobs/${cause.key}`.startsWith(when.prefix)) return 'is elsewhere';
      return known.uploads.some(({ sequencer, key }) => sequencer === cause.sequencer && key === cause.key)
        ? undefined
        : 'was never put there';
    case 'after':
      return when.kind === 'after' && known.succeeded(cause.job) ? undefined : 'was no success';
    case 'asked':
      return known.wasRun ? undefined : 'was said by nobody';
  }
}

/** Why none may be skipped so, or given up; undefined where it may. */
export function whyNotSo(before: LiveStanding, after: LiveStanding, run: Run): string | undefined {
  const { outcome, why = '', cause } = run;
  if (outcome === 'refused') return /characters that no dataset/.test(why) ? undefined : 'was given up';
  const { overlap = before.spec.when.kind === 'schedule' ? 'skip' : 'wait' } = before.spec;
  const isSo =
    (/went on|another one waited/.test(why) && overlap === 'skip') ||
    (/it was paused/.test(why) && before.state === 'paused') ||
    (/its next time came first/.test(why) && cause.kind === 'time') ||
    (/changed meanwhile/.test(why) && !isSame(before.spec.when, after.spec.when));
  return isSo ? undefined : 'was skipped';
}
