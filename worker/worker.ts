/**
 * One worker slot of a data job: takes chunk after chunk from the queue until it is told to stop or none has come for a
 * while. The queue says what may be due, the table decides; so what is delivered twice, late or never does no harm.
 */
import type { Log } from '#adapters/log.ts';
import { Rejected } from '#core/errors.ts';
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
import type { ChunkQueue, ChunkStore, Delivery } from '#core/jobs/ports.ts';
import type { JobSpec } from '#core/jobs/spec.ts';
import { isPlanning } from '#core/jobs/steps.ts';
import { PartFailed } from './failure.ts';
import { handOver } from './hand-over.ts';
import { ChunkHolder } from './lease.ts';
import { type PartDeps, runPart } from './part.ts';
import { planTable } from './planner.ts';

export interface WorkerDeps extends PartDeps {
  readonly chunks: ChunkStore;
  readonly queue: ChunkQueue;
  readonly log: Log;
  /** It ends when no chunk has come for so long. */
  readonly idleSeconds: number;
  /** Asked between chunks: one slot too many ends. */
  readonly isWanted: () => Promise<boolean>;
}

const halveFromBytes = 2 ** 20;
/** SQS hides a message for 12 hours at most. */
const longestHidingSeconds = 43_200;

function rulesOf({ leaseSeconds, maxFailures, compression, input }: JobSpec): ChunkRules {
  const mayHalve = compression === 'none' && 'bucket' in input;
  return { leaseSeconds, maxFailures, halveFromBytes, mayHalve };
}

/** @param stop a chunk in hand is given back at once. */
export async function work(deps: WorkerDeps, stop: AbortSignal): Promise<void> {
  while (!stop.aborted && !deps.runner.gone && (await deps.isWanted())) {
    let delivery: Delivery | undefined;
    try {
      delivery = await deps.queue.receive(deps.idleSeconds, stop);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      deps.log.error('a message that is no chunk: SQS will put it into the DLQ', error);
      continue;
    }
    if (delivery === undefined) return;
    await new Turn(deps, delivery, stop).take();
  }
}

/** One delivery of one chunk. */
class Turn {
  readonly #deps: WorkerDeps;
  readonly #delivery: Delivery;
  readonly #stop: AbortSignal;
  readonly #holder: ChunkHolder;

  constructor(deps: WorkerDeps, delivery: Delivery, stop: AbortSignal) {
    const { chunks, now, spec } = deps;
    this.#deps = deps;
    this.#delivery = delivery;
    this.#stop = stop;
    const { job, chunk } = delivery.message;
    this.#holder = new ChunkHolder({ chunks, now, rules: rulesOf(spec) }, job, chunk);
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
      if (lost.signal.aborted) log.warn('somebody else has the chunk', { chunk: chunk.id, attempt });
      else if (this.#stop.aborted) await this.#giveBack(attempt);
      else if (error instanceof PartFailed) await this.#failed(attempt, error.failure);
      else {
        await this.#giveBack(attempt);
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
      const said = state.handOver ? await this.#handOver(state, signal) : await this.#next(state, signal);
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
    if (isPlanning(rest)) {
      const part = await planTable(this.#deps, rest, attempt, signal);
      log.info('planned', { attempt, chunks: part.records });
      return this.#holder.say({ kind: 'commit', part });
    }
    const next = upToCheckpoint(rest, spec.checkpointBytes);
    const part = await runPart(this.#deps, next ?? rest, attempt, signal);
    const kind = next !== undefined ? 'checkpoint' : spec.target ? 'hand-over' : 'commit';
    const said = await this.#holder.say({ kind, part });
    if (said.decision.outcome !== 'lost') log.info(done[kind], { ...about(rest, attempt), ...figures(part) });
    return said;
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

  /** The lease in the table and the message's hiding, together: three times within each lease. */
  #beat(attempt: number, lost: AbortController): () => void {
    const { leaseSeconds } = this.#deps.spec;
    const timer = setInterval(() => void beat(), (leaseSeconds * 1000) / 3);
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
    return () => clearInterval(timer);
  }

  async #failed(attempt: number, failure: ChunkFailure): Promise<void> {
    this.#deps.log.warn('failed', {
      attempt,
      chunk: this.#delivery.message.chunk.id,
      kind: failure.kind,
      why: failure.message,
    });
    const { state } = await this.#holder.say({ kind: 'fail', attempt, failure });
    if (state.state === 'waiting') return this.#hide(0);
    return this.#settled(state);
  }

  async #giveBack(attempt: number): Promise<void> {
    await this.#holder.say({ kind: 'release', attempt });
    await this.#hide(0);
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
function upToCheckpoint(rest: AnyChunk, checkpointBytes: number | undefined): Chunk | undefined {
  if (checkpointBytes === undefined || !isOfObject(rest)) return undefined;
  const end = rest.start + checkpointBytes;
  return end < rest.end ? { ...rest, end } : undefined;
}

const about = (chunk: AnyChunk, attempt: number) => ({
  chunk: chunk.id,
  key: chunk.key,
  ...(isOfObject(chunk) && { start: chunk.start, end: chunk.end }),
  attempt,
});
const figures = ({ from, to, records, milliseconds }: Part) => ({ from, to, records, milliseconds });
