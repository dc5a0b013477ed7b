/** Virtual time: what is to happen, in its order. Nothing waits for a real clock. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Instant } from '#core/names.ts';
import type { Clock } from '#core/ports.ts';

export interface Happening {
  readonly at: number;
  readonly what: string;
  readonly happen: () => Promise<void> | void;
  readonly order: number;
}

export class Timeline implements Clock {
  #now: number;
  #heap: Happening[] = [];
  #scheduled = 0;

  constructor(start: Instant) {
    this.#now = Date.parse(start);
  }

  get milliseconds(): number {
    return this.#now;
  }

  now(): Instant {
    return new Date(this.#now).toISOString();
  }

  in(seconds: number, what: string, happen: Happening['happen']): void {
    const at = this.#now + Math.max(0, Math.round(seconds * 1000));
    this.#push({ at, what, happen, order: this.#scheduled++ });
  }

  /** All that happens until `milliseconds`; a handler that pauses lets others go on in here. */
  async until(milliseconds: number, see: (what: string) => void): Promise<void> {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > milliseconds) break;
      this.#pop();
      this.#now = Math.max(this.#now, first.at);
      see(first.what);
      await first.happen();
      // What reads a stream goes on by turns of Node's own: else it would stand still while time passes.
      await turn();
    }
    this.#now = Math.max(this.#now, milliseconds);
  }

  #push(item: Happening): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, item)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = item;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      const [left, right] = [heap[2 * i + 1], heap[2 * i + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (isBefore(last, child)) break;
      heap[i] = child;
      i = 2 * i + (isRight ? 2 : 1);
    }
    heap[i] = last;
  }
}

const isBefore = (a: Happening, b: Happening): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
