/** What data jobs read, and what becomes of their commands: most are well, some fail now and then, some chunks make each of them fail. */
import type { Exit } from '../../../worker/runner.ts';
import type { Around } from './around.ts';
import { type Fate, well } from './command.ts';

/** Bytes of an object that chunks are cut of: more than two of a MiB each, made once. */
const large = linesOf('long', 40_000);
const killed: Exit = { code: null, signal: 'SIGKILL', oomKills: 1 };

export class JobNature {
  readonly #cloud: Around;
  readonly #poison = new Set<string>();

  constructor(cloud: Around) {
    this.#cloud = cloud;
  }

  fateOf(job: string, chunk: string): Fate {
    const { faults, random } = this.#cloud;
    const slow = faults.happens('command slow', 0.08) ? random.pick([45, 100]) : 0;
    const seconds = slow + random.pick([0.1, 2, 12]);
    const id = `${job} ${chunk}`;
    if (faults.happens('command always fails', 0.02)) this.#poison.add(id);
    if (this.#poison.has(id) || faults.happens('command failed', 0.05))
      return { seconds, exit: { ...well, code: 1 } };
    if (faults.happens('command out of memory', 0.06)) return { seconds, exit: killed };
    return { seconds, exit: well };
  }

  /** What made them fail is mended. */
  mend(job: string): void {
    for (const id of this.#poison) if (id.startsWith(`${job} `)) this.#poison.delete(id);
  }

  /** Of the objects of a dataset. @param mayBeLarge in some stories, so that it is cut. */
  texts(mayBeLarge = true): Buffer[] {
    const { random } = this.#cloud;
    const small = Array.from({ length: random.whole(1, 5) }, (_, i) =>
      linesOf(`${i}-${random.whole(0, 9)}`, random.whole(1, 5)),
    );
    return mayBeLarge && random.chance(0.15) ? [large, ...small.slice(0, 1)] : small;
  }
}

function linesOf(word: string, count: number): Buffer {
  return Buffer.from(
    Array.from({ length: count }, (_, i) => `${(i * 7919) % 10_007} ${word} and some more words\n`).join(''),
  );
}
