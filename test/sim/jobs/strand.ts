/**
 * Who lives longer than one happening: a worker. It runs beside the others and waits by virtual time; what wakes it is a happening, which
 * is over when all that can go on without more time has gone on.
 */
import type { Timers } from '../../../worker/timers.ts';
import type { Random } from '../random.ts';
import type { Timeline } from '../timeline.ts';
import type { Around } from './around.ts';

/** Promises and streams of Node are settled before the event loop's next turn; nothing else of a worker waits for a real clock. */
export const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

export class Strand implements Timers {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #name: string;
  readonly #isGone: () => boolean;

  constructor(around: Pick<Around, 'timeline' | 'random'>, name: string, isGone: () => boolean) {
    this.#timeline = around.timeline;
    this.#random = around.random;
    this.#name = name;
    this.#isGone = isGone;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        callOff();
        reject(signal?.reason);
      };
      const callOff = this.after(milliseconds, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      signal?.addEventListener('abort', stop, { once: true });
    });
  }

  jitter(milliseconds: number): Promise<void> {
    return this.sleep(this.#random.between(0, milliseconds));
  }

  after(milliseconds: number, call: () => void): () => void {
    let isOff = false;
    this.#timeline.in(milliseconds / 1000, this.#name, async () => {
      if (isOff || this.#isGone()) return;
      call();
      await settled();
    });
    return () => {
      isOff = true;
    };
  }

  every(milliseconds: number, call: () => void): () => void {
    let callOff: () => void = () => undefined;
    const again = (): void => {
      callOff = this.after(milliseconds, () => {
        again();
        call();
      });
    };
    again();
    return () => callOff();
  }
}
