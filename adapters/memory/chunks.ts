/** Chunks of data jobs and their queue, in memory. */
import { Conflict } from '#core/errors.ts';
import type { ChunkState } from '#core/jobs/chunk.ts';
import { deliveryOf } from '#core/jobs/delivered.ts';
import type { ChunkMessage } from '#core/jobs/messages.ts';
import { placeOf } from '#core/jobs/plan.ts';
import type { ChunkQueue, ChunkStore, Delivery } from '#core/jobs/ports.ts';
import { isStep } from '#core/jobs/steps.ts';
import { added, emptyTally, plus, sumOf, type Tally } from '#core/jobs/tally.ts';
import { addedRun, placeOfRun, type WorkerRun } from '#core/jobs/worker-runs.ts';

export class MemoryChunks implements ChunkStore {
  readonly #states = new Map<string, ChunkState>();
  readonly #tallies = new Map<string, Tally>();
  /** By job, item and place. */
  readonly #runs = new Map<string, Map<string, WorkerRun>>();

  async read(job: string, id: string): Promise<ChunkState | undefined> {
    return this.#states.get(`${job} ${id}`);
  }

  async write(state: ChunkState, before: ChunkState | undefined): Promise<void> {
    const name = `${state.job} ${state.chunk.id}`;
    const version = this.#states.get(name)?.version ?? 0;
    if (version !== state.version - 1) throw new Conflict(`chunk ${name} is at version ${version}.`);
    this.#states.set(name, structuredClone(state));
    this.#tallies.set(state.job, plus(this.#tallies.get(state.job) ?? emptyTally, added(before, state)));
    const run = addedRun(before, state);
    if (run === undefined) return;
    const runs = this.#runs.get(state.job) ?? new Map<string, WorkerRun>();
    this.#runs.set(state.job, runs.set(`${sumOf(state.chunk.id)} ${placeOfRun(run)}`, run));
  }

  async *list(job: string, after?: string): AsyncIterable<ChunkState> {
    const from = after === undefined ? '' : placeOf(after);
    const own = [...this.#states.values()].filter(
      ({ job: other, chunk }) => other === job && !isStep(chunk) && placeOf(chunk.id) > from,
    );
    yield* own.sort((a, b) => (placeOf(a.chunk.id) < placeOf(b.chunk.id) ? -1 : 1));
  }

  async tally(job: string): Promise<Tally> {
    return this.#tallies.get(job) ?? emptyTally;
  }

  async runs(job: string): Promise<readonly WorkerRun[]> {
    return [...(this.#runs.get(job)?.values() ?? [])];
  }
}

interface Held {
  readonly body: string;
  receipt: string;
  hiddenUntil: number;
}

export class MemoryChunkQueue implements ChunkQueue {
  readonly #messages = new Set<Held>();
  readonly #now: () => number;
  readonly #seconds: number;
  #receipts = 0;

  /** @param seconds as long as a message is hidden when it is delivered. */
  constructor(now: () => number = Date.now, seconds = 30) {
    this.#now = now;
    this.#seconds = seconds;
  }

  get size(): number {
    return this.#messages.size;
  }

  async send(messages: Iterable<ChunkMessage>): Promise<void> {
    for (const message of messages) this.put(JSON.stringify(message));
  }

  put(body: string): void {
    this.#messages.add({ body, receipt: '', hiddenUntil: 0 });
  }

  /** By hand: all of it, also what somebody is at. */
  purge(): void {
    this.#messages.clear();
  }

  async receive(_seconds: number, signal: AbortSignal): Promise<Delivery | undefined> {
    if (signal.aborted) return undefined;
    const held = [...this.#messages].find(({ hiddenUntil }) => hiddenUntil <= this.#now());
    if (held === undefined) return undefined;
    this.#receipts += 1;
    held.receipt = `r${this.#receipts}`;
    held.hiddenUntil = this.#now() + this.#seconds * 1000;
    return deliveryOf(held.body, held.receipt, `message ${held.receipt}`);
  }

  async hide(receipt: string, seconds: number): Promise<void> {
    const held = this.#held(receipt);
    if (held) held.hiddenUntil = this.#now() + seconds * 1000;
  }

  async remove(receipt: string): Promise<void> {
    const held = this.#held(receipt);
    if (held) this.#messages.delete(held);
  }

  #held(receipt: string): Held | undefined {
    return [...this.#messages].find((held) => held.receipt === receipt);
  }
}
