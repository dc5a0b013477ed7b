/** A clock that stands still until it is told to go on. */
import { addSeconds, type Instant } from '#core/names.ts';
import type { Clock } from '#core/ports.ts';

export class MemoryClock implements Clock {
  #now: Instant;

  constructor(now: Instant) {
    this.#now = now;
  }

  now(): Instant {
    return this.#now;
  }

  advance(seconds: number): void {
    this.#now = addSeconds(this.#now, seconds);
  }
}
