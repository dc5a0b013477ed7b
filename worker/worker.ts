/**
 * One worker slot of a data job: takes chunk after chunk from the queue until it is told to stop or none has come for a
 * while. The queue says what may be due, the table decides; so what is delivered twice, late or never does no harm.
 */
import type { Log } from '#adapters/log.ts';
import {
  type ChunkFailure,
  type ChunkRules,
  type ChunkState,
  halvesOf,
  isOfObject,
  type Part,
  restOf,
} from '#core/jobs/chunk.ts';
import type { AnyChunk, Chunk } from '#core/jobs/plan.ts';
import { type ChunkQueue, type ChunkStore, type Delivery, NoChunk } from '#core/jobs/ports.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import { SnapshotLost } from '#core/jobs/sql/held-snapshot.ts';
import { DatabaseAway } from '#core/jobs/sql/ports.ts';
import type { PlanChunk } from '#core/jobs/sql/table.ts';
import { isPlanning, planning } from '#core/jobs/steps.ts';
import { PartFailed } from './failure.ts';
import { handOver } from './hand-over.ts';
import { ChunkHolder } from './lease.ts';
import { type PartDeps, runPart } from './part.ts';
import { planTable } from './planner.ts';
import { planAndHold } from './snapshot-holder.ts';

export interface WorkerDeps extends PartDeps {
  readonly chunks: ChunkStore;
  readonly queue: ChunkQueue;
  readonly log: Log;
  /** Its number: what it did says so. */
  readonly slot?: number;
  /** It ends when no chunk has come for so long. */
  readonly idleSeconds: number;
  /** Asked between chunks: one slot too many ends. */
  readonly isWanted: () => Promise<boolean>;
}

/** Within each lease. */
const beats = 3;
const halveFromBytes = 2 ** 20;
/** SQS hides a message for 12 hours at most. */
const longestHidingSeconds = 43_200;

function rulesOf({ leaseSeconds, maxFailures, compression, input, records }: JobSpec): ChunkRules {
  const mayHalve = compression === 'none' && 'bucket' in input && records.kind !== 'parquet';
  return { leaseSeconds, maxFailures, halveFromBytes, mayHalve };
}

/** @param stop a chunk in hand is given back at once. */
export async function work(deps: WorkerDeps, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && !deps.runner.gone && (await deps.isWanted())) {
    try {
      const delivery = await deps.queue.receive(deps.idleSeconds, stop);
      if (delivery === undefined) return;
      mustBeOwn(delivery, deps.spec);
      await new Turn(deps, delivery, stop).take();
    } catch (error) {
      if (!(error instanceof NoChunk)) throw error;
      // Left there it would come again for 14 days, and the job's stage would never find the queue empty. No chunk is lost with it: those
      // that are open are sent again where the queue stands empty.
      deps.log.error('removed a message that is no chunk of this job', error);
      await deps.queue.remove(error.receipt);
    }
  }
}

/** @throws NoChunk */
function mustBeOwn({ message: { job, chunk }, receipt }: Delivery, spec: JobSpec): void {
  if (job !== spec.job)
    throw new NoChunk(`a message of chunk ${chunk.id} of ${job}, not of ${spec.job}`, receipt);
}

/** One delivery of one chunk. */
class Turn {
  readonly #deps: WorkerDeps;
  readonly #delivery: Delivery;
  readonly #stop: AbortSignal;
  readonly #holder: ChunkHolder;

  constructor(deps: WorkerDeps, delivery: Delivery, stop: AbortSignal) {
    const { chunks, now, timers, spec } = deps;
    this.#deps = deps;
    this.#delivery = delivery;
    this.#stop = stop;
    const { job, chunk } = delivery.message;
    this.#holder = new ChunkHolder({ chunks, now, timers, rules: rulesOf(spec) }, job, chunk);
  }

  async take(): Promise<void> {
    const { decision, state } = await this.#holder.say({ kind: 'lease' });
    if (decision.outcome === 'busy') {
      const seconds = (Date.parse(decision.until) - this.#deps.now()) / 1000;
      return this.#hide(seconds + 1);
    }
    if (state.state === 'leased') return this.#work(state);
    return this.#settled(state);
  }

  async #work(state: ChunkState): Promise<void> {
    const { objects, spec, log } = this.#deps;
    const { attempts: attempt, chunk } = state;
    log.info('taken', { chunk: chunk.id, attempt });
    // Of attempts before, whose workers are gone or will be refused.
    if (attempt > 1) await objects.sweep(`${spec.results.prefix}${chunk.id}/`);
    const lost = new AbortController();
    const beating = this.#beat(attempt, lost);
    try {
      await this.#run(state, AbortSignal.any([this.#stop, lost.signal]));
    } catch (error) {
      if (lost.signal.aborted) await this.#taken(attempt);
      else if (this.#stop.aborted) await this.#giveBack(attempt);
      else if (error instanceof PartFailed && error.failure.kind === 'snapshot' && !isPlanning(chunk))
        await this.#withoutSnapshot(attempt, error.failure);
      else if (error instanceof PartFailed) await this.#failed(attempt, error);
      else {
        await this.#giveBack(attempt, 0, error instanceof DatabaseAway ? error.message : undefined);
        throw error;
      }
    } finally {
      beating();
    }
  }

  /** From the last checkpoint on, checkpoint by checkpoint, and at last its results where they go on. */
  async #run(begun: ChunkState, signal: AbortSignal): Promise<void> {
    const attempt = begun.attempts;
    let state = begun;
    while (state.state === 'leased') {
      const said = await this.#next(state, signal);
      if (said.decision.outcome === 'lost')
        return this.#deps.log.warn('too late', about(state.chunk, attempt));
      state = said.state;
    }
    await this.#settled(state);
  }

  async #next(state: ChunkState, signal: AbortSignal) {
    const { spec, log } = this.#deps;
    const attempt = state.attempts;
    const rest = restOf(state);
    if (isPlanning(rest)) return this.#plan(rest, state, signal);
    if (state.handOver) return this.#handOver(state, signal);
    const { part, isLast } = await this.#part(rest, attempt, signal);
    const kind = !isLast ? 'checkpoint' : spec.target ? 'hand-over' : 'commit';
    const said = await this.#holder.say({ kind, part });
    if (said.decision.outcome !== 'lost') log.info(done[kind], { ...about(rest, attempt), ...figures(part) });
    return said;
  }

  /** Up to a checkpoint; to a later one where no record begins before it, for behind that none is known to begin. */
  async #part(rest: Exclude<AnyChunk, PlanChunk>, attempt: number, signal: AbortSignal) {
    const { spec } = this.#deps;
    for (let bytes = spec.checkpointBytes; ; bytes = bytes && bytes * 2) {
      const next = upToCheckpoint(rest, bytes, spec);
      const part = await runPart(this.#deps, next ?? rest, attempt, signal);
      if (next === undefined || part.records > 0)
        return { part: { ...part, ...this.#by() }, isLast: next === undefined };
    }
  }

  #by(): Pick<Part, 'slot' | 'at'> {
    const { slot, now } = this.#deps;
    return slot === undefined ? {} : { slot, at: new Date(now()).toISOString() };
  }

  /** One of one snapshot is committed by the stage, when nobody needs that any more; until then its maker is its holder. */
  async #plan(chunk: PlanChunk, { attempts: attempt, handOver }: ChunkState, signal: AbortSignal) {
    const { spec, log } = this.#deps;
    const maxSeconds = 'secret' in spec.input ? spec.input.snapshot?.maxSeconds : undefined;
    const say = async (kind: 'commit' | 'hand-over', part: Part) => {
      const said = await this.#holder.say({ kind, part });
      log.info('planned', { attempt, chunks: part.records, outcome: said.decision.outcome });
      return { said, counts: said.decision.outcome !== 'lost' };
    };
    if (maxSeconds === undefined)
      return (await say('commit', await planTable(this.#deps, chunk, attempt, signal))).said;
    // Of an attempt before, which held what it is of.
    if (handOver)
      throw new PartFailed({ kind: 'snapshot', message: new SnapshotLost('its holder was ended').message });
    const limits = { maxSeconds, beatSeconds: spec.leaseSeconds / beats };
    return planAndHold(this.#deps, { limits, chunk, attempt }, signal, (part) => say('hand-over', part));
  }

  async #handOver(state: ChunkState, signal: AbortSignal) {
    const { spec, log } = this.#deps;
    const attempt = state.attempts;
    if (spec.target === undefined) throw new Error('results to hand over, and no table to take them');
    await handOver(this.#deps, spec.target, state, signal);
    const said = await this.#holder.say({ kind: 'handed-over', attempt });
    if (said.decision.outcome !== 'lost') log.info('handed over', about(state.chunk, attempt));
    return said;
  }

  /** The lease in the table and the message's hiding, together. */
  #beat(attempt: number, lost: AbortController): () => void {
    const { spec, timers } = this.#deps;
    const { leaseSeconds } = spec;
    const beat = async () => {
      try {
        const { decision } = await this.#holder.say({ kind: 'heartbeat', attempt });
        if (decision.outcome === 'lost') lost.abort();
        else await this.#deps.queue.hide(this.#delivery.receipt, leaseSeconds);
      } catch (error) {
        // The next one may come through; if none does, somebody else takes the chunk, and our commit is refused.
        this.#deps.log.error('no heartbeat', error, { attempt });
      }
    };
    return timers.every((leaseSeconds * 1000) / beats, () => void beat());
  }

  async #failed(attempt: number, { failure, middle }: PartFailed): Promise<void> {
    this.#deps.log.warn('failed', {
      attempt,
      chunk: this.#delivery.message.chunk.id,
      kind: failure.kind,
      why: failure.message,
    });
    const { state } = await this.#holder.say({ kind: 'fail', attempt, failure, middle });
    if (state.state === 'waiting') return this.#hide(0);
    return this.#settled(state);
  }

  /** Nobody can read any more of what the job is of: said where its stage looks, and no failure of this chunk. */
  async #withoutSnapshot(attempt: number, failure: ChunkFailure): Promise<void> {
    const { chunks, now, timers, spec, log } = this.#deps;
    const { job, chunk } = this.#delivery.message;
    log.warn('the snapshot is gone', { attempt, chunk: chunk.id, why: failure.message });
    const plan = await chunks.read(job, planning);
    if (plan !== undefined)
      await new ChunkHolder({ chunks, now, timers, rules: rulesOf(spec) }, job, plan.chunk).say({
        kind: 'fail',
        attempt: plan.attempts,
        failure,
      });
    await this.#giveBack(attempt, spec.leaseSeconds);
  }

  async #giveBack(attempt: number, seconds = 0, away?: string): Promise<void> {
    await this.#holder.say({ kind: 'release', attempt, away: away?.slice(0, 1000) });
    await this.#hide(seconds);
  }

  /** By another worker; or the snapshot that it held is needed no more. */
  async #taken(attempt: number): Promise<void> {
    const { chunk } = this.#delivery.message;
    this.#deps.log.warn('the chunk is not ours any more', { chunk: chunk.id, attempt });
    if (isPlanning(chunk))
      await this.#settled((await this.#holder.say({ kind: 'heartbeat', attempt })).state);
  }

  /** Nobody is to take this chunk again. Its halves are sent first, and again whenever it comes again. */
  async #settled(state: ChunkState): Promise<void> {
    const { queue } = this.#deps;
    if (state.state === 'halved') {
      const { job } = this.#delivery.message;
      await queue.send(halvesOf(state).map((chunk) => ({ job, chunk })));
    }
    // One that somebody else has is theirs to remove.
    if (state.state === 'leased' || state.state === 'waiting') return;
    await queue.remove(this.#delivery.receipt);
  }

  #hide(seconds: number): Promise<void> {
    const bounded = Math.min(Math.max(Math.ceil(seconds), 0), longestHidingSeconds);
    return this.#deps.queue.hide(this.#delivery.receipt, bounded);
  }
}

const done = { checkpoint: 'checkpoint', commit: 'committed', 'hand-over': 'to be handed over' } as const;

/** Undefined where it is done with the rest. */
function upToCheckpoint(
  rest: AnyChunk,
  bytes: number | undefined,
  { records, compression }: JobSpec,
): Chunk | undefined {
  // A file that ends in the middle is none.
  const isWhole = records.kind === 'parquet' || compression !== 'none';
  if (bytes === undefined || isWhole || !isOfObject(rest)) return undefined;
  const end = rest.start + bytes;
  return end < rest.end ? { ...rest, end } : undefined;
}

const about = (chunk: AnyChunk, attempt: number) => ({
  chunk: chunk.id,
  key: chunk.key,
  ...(isOfObject(chunk) && { start: chunk.start, end: chunk.end }),
  attempt,
});
const figures = ({ from, to, records, milliseconds }: Part) => ({ from, to, records, milliseconds });
