/**
 * A chunk as long as this worker has it: its state is written from here alone, one write after the other, and whoever took
 * it away meanwhile is noticed.
 */
import { Conflict, Retryable } from '#core/errors.ts';
import {
  type ChunkDecision,
  type ChunkEvent,
  type ChunkRules,
  type ChunkState,
  freshChunk,
  nextChunk,
} from '#core/jobs/chunk.ts';
import type { AnyChunk } from '#core/jobs/plan.ts';
import type { ChunkStore } from '#core/jobs/ports.ts';
import type { Timers } from './timers.ts';

export interface LeaseDeps {
  readonly chunks: ChunkStore;
  readonly rules: ChunkRules;
  readonly now: () => number;
  readonly timers: Timers;
}
const tries = 6;

export class ChunkHolder {
  readonly #deps: LeaseDeps;
  readonly #job: string;
  readonly #chunk: AnyChunk;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: LeaseDeps, job: string, chunk: AnyChunk) {
    this.#deps = deps;
    this.#job = job;
    this.#chunk = chunk;
  }

  /** @returns what became of it, and the chunk as it is then. */
  say(event: ChunkEvent): Promise<{ readonly decision: ChunkDecision; readonly state: ChunkState }> {
    const said = this.#turn.then(() => this.#write(event));
    this.#turn = said.catch(() => undefined);
    return said;
  }

  /** A write whose answer was lost may be there: it is read, and the decision made again upon it. */
  async #write(event: ChunkEvent) {
    const { chunks, rules, now, timers } = this.#deps;
    for (let turn = 1; ; turn++) {
      const known = await chunks.read(this.#job, this.#chunk.id);
      const state = known ?? freshChunk(this.#job, this.#chunk);
      const decision = nextChunk(state, event, rules, new Date(now()).toISOString());
      if (decision.outcome !== 'changed') return { decision, state };
      try {
        await chunks.write(decision.state, known);
        return { decision, state: decision.state };
      } catch (error) {
        const again = error instanceof Conflict || error instanceof Retryable;
        if (!again || turn === tries) throw error;
        // Others write to the same sums: those who met once are not to meet again.
        await timers.jitter(20 * 2 ** turn);
      }
    }
  }
}
