/**
 * A plan whose chunks are all of one snapshot, and that snapshot: who makes the plan holds it from before that until nobody needs it
 * any more, and says meanwhile that it is alive. Nobody else can: it is one connection's.
 */
import type { Part } from '#core/jobs/chunk.ts';
import type { SnapshotLimits } from '#core/jobs/sql/held-snapshot.ts';
import type { HeldSnapshot } from '#core/jobs/sql/ports.ts';
import type { PlanChunk } from '#core/jobs/sql/table.ts';
import { failureOf, PartFailed } from './failure.ts';
import { type PlannerDeps, planTable } from './planner.ts';
import { sourceOf } from './row-feed.ts';
import type { Timers } from './timers.ts';

/**
 * @param handOver writes down that this plan counts. Returns where another one does.
 * @throws the signal's reason, PartFailed where the snapshot is gone or can't be had, and anything else for what is ours or passes.
 */
export async function planAndHold<Said>(
  deps: PlannerDeps & { readonly timers: Timers },
  { limits, chunk, attempt }: { limits: SnapshotLimits; chunk: PlanChunk; attempt: number },
  signal: AbortSignal,
  handOver: (part: Part) => Promise<{ readonly counts: boolean; readonly said: Said }>,
): Promise<Said> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  try {
    const tables = await deps.tables(sourceOf(deps.spec).secret);
    await using held = await tables.hold(limits, signal);
    const beating = beat(held, limits.beatSeconds, either, deps.timers).catch((why: unknown) =>
      over.abort(why),
    );
    try {
      const part = await planTable(deps, chunk, attempt, either, held.snapshot);
      const { counts, said } = await handOver(part);
      if (!counts) return said;
      await beating;
      throw either.reason;
    } finally {
      over.abort();
      await beating;
    }
  } catch (error) {
    signal.throwIfAborted();
    const failure = failureOf(error);
    throw failure === undefined ? error : new PartFailed(failure);
  }
}

/** @throws SnapshotLost, or because of the signal. */
async function beat(
  held: HeldSnapshot,
  seconds: number,
  signal: AbortSignal,
  timers: Timers,
): Promise<never> {
  for (;;) {
    await timers.sleep(seconds * 1000, signal);
    await held.beat();
  }
}
