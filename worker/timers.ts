/** What a worker waits for: Node's timers, or in the simulation those of its virtual time. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Timers {
  /** @throws where the signal is aborted meanwhile. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Some part of it, by chance. */
  jitter(milliseconds: number): Promise<void>;
  /** Calls once, so much later. @returns what calls it off. */
  after(milliseconds: number, call: () => void): () => void;
  /** Calls each time that so much has passed, until it is called off. */
  every(milliseconds: number, call: () => void): () => void;
}

export const timers: Timers = {
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal && { signal }),
  jitter: (milliseconds) => sleep(Math.random() * milliseconds),
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
  every: (milliseconds, call) => {
    const timer = setInterval(call, milliseconds);
    return () => clearInterval(timer);
  },
};
