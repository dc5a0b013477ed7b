/** One state of the data for a whole job, which somebody holds meanwhile, and no longer than its job was given. */
import * as z from '../../zod.ts';
import { InputFailed } from '../ports.ts';

export const Snapshot = z.object({
  /** As the database calls it. */
  id: z.string().check(z.regex(/^[0-9A-Za-z-]{1,63}$/)),
  /** Of which transactions it sees: after a restart a database may call another one the same. */
  sees: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
export type Snapshot = z.infer<typeof Snapshot>;

export interface SnapshotLimits {
  /** VACUUM takes nothing away meanwhile, in all of the database. */
  readonly maxSeconds: number;
  /** It is told so often that its holder lives; the database ends one of whom it heard nothing three times. */
  readonly beatSeconds: number;
}

/** It is gone for all, and for ever: what was read of it is whole, and the rest can't be had. */
export class SnapshotLost extends InputFailed {
  constructor(why: string, options?: ErrorOptions) {
    super(
      `the job's snapshot is gone: ${why}; run the job again, with more time for its snapshot or with one for each chunk`,
      options,
    );
  }
}

export const silenceSeconds = ({ beatSeconds }: SnapshotLimits): number => 3 * beatSeconds;

/** @throws SnapshotLost where its time is over. */
export function stillHeld({ maxSeconds }: SnapshotLimits, begun: number, now: number): void {
  if (now - begun >= maxSeconds * 1000) throw new SnapshotLost(`its ${maxSeconds} s are over`);
}
