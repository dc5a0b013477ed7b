/** How far a job is, and whether the one snapshot that its chunks are of, where they are of one, is there still; and its end. */
import { Conflict } from '#core/errors.ts';
import { nextChunk } from '#core/jobs/chunk.ts';
import type { Job } from '#core/jobs/job.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { snapshotOf } from '#core/jobs/request.ts';
import type { SlotsSeen } from '#core/jobs/slots.ts';
import { snapshotLoss } from '#core/jobs/sql/held-snapshot.ts';
import { planning } from '#core/jobs/steps.ts';
import type { JobsDeps } from './deps.ts';
import { rules } from './end.ts';

type Deps = Pick<JobsDeps, 'chunks' | 'clock'>;

/** The sums are read last: what was committed before it was lost is whole. */
export async function progress(
  { chunks, clock }: Deps,
  { name, request }: Job,
  seen: SlotsSeen | undefined,
): Promise<JobEvent> {
  const plan = snapshotOf(request) && (await chunks.read(name, planning));
  const reason = snapshotLoss(plan, clock.now());
  const tally = await chunks.tally(name);
  const why = seen?.slots.find(({ reason }) => reason !== undefined)?.reason;
  return reason === undefined ? { kind: 'tallied', tally, why } : { kind: 'snapshot-lost', reason, tally };
}

/** No chunk is to be read any more: its holder finds its step committed, and lets it go. Where that came between, so does the next look. */
export async function letGo({ chunks, clock }: Deps, { name, request }: Job): Promise<void> {
  const plan = snapshotOf(request) && (await chunks.read(name, planning));
  if (plan?.state !== 'leased') return;
  const event = { kind: 'handed-over', attempt: plan.attempts } as const;
  const decision = nextChunk(plan, event, rules, clock.now());
  if (decision.outcome !== 'changed') return;
  await chunks.write(decision.state, plan).catch((error: unknown) => {
    if (!(error instanceof Conflict)) throw error;
  });
}
