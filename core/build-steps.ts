/**
 * Which steps of a build took how long, and which were taken from a cache: read from what it printed, and kept with it. BuildKit
 * numbers its steps and says of each how it ended; buildah, which builds in the local cloud, says when the next one begins.
 */
import type { BuildLogs } from './build-ports.ts';
import type { BuildRecord, Step } from './build-record.ts';
import type { EnvironmentKey, Instant } from './names.ts';

interface Line {
  readonly at: Instant;
  readonly text: string;
}

/** What builds print is as long as they like: no more is kept than an item holds many times over (256 bytes a step). */
const stepsKept = 200;
const nameLength = 160;
/** As many pages of a log are read for its steps: 50,000 lines. */
export const pagesRead = 25;

/** The first line of a number names its step. What a step prints has its seconds first (`#6 0.345 DONE`), and is no word of BuildKit's. */
const vertex = /^#(\d{1,6}) (.+)$/;
/** Each command of buildx begins its numbers anew. */
const begins = /^#0 building with /;
/** `[2/3] STEP 1/5: RUN …`, or without the stage where there is one alone. */
const instruction = /^((?:\[\d+\/\d+\] )?STEP \d+(?:\/\d+)?: .+)$/;
const commit = /^((?:\[\d+\/\d+\] )?COMMIT .*)$/;
const fromCache = /^--> (?:Using cache|Cache pulled) /;
/** CodeBuild puts day and time before its words. */
const ended = /^\[Container\] (?:\d{4}\/\d\d\/\d\d \S+ )?Phase complete: .* State: ([A-Z_]+)/;

type Open = { -readonly [Key in keyof Step]: Step[Key] } & { readonly began: number };

/** One line after the other; `steps` at any time, in the order in which they began. */
export class BuildSteps {
  readonly #numbered = new Map<string, Open>();
  readonly #steps: Open[] = [];
  /** How many steps are too many to be kept. */
  left = 0;
  /** Of buildah: one step at a time. */
  #current: Open | undefined;

  get steps(): Step[] {
    return this.#steps.map(({ name, seconds, how }) => ({ name, seconds, how }));
  }

  add({ at, text }: Line): void {
    const now = Date.parse(at);
    const [, number, said] = vertex.exec(text) ?? [];
    if (begins.test(text)) this.#numbered.clear();
    else if (number !== undefined && said !== undefined) this.#ofBuildKit(number, said, now);
    else this.#ofBuildah(text, now);
  }

  #ofBuildah(text: string, now: number): void {
    const name = (instruction.exec(text) ?? commit.exec(text))?.[1];
    if (name !== undefined) {
      this.#end(now, 'done');
      this.#current = this.#begin(name, now);
    } else if (fromCache.test(text) && this.#current) this.#current.how = 'cached';
    const state = ended.exec(text)?.[1];
    if (state !== undefined) this.#end(now, state === 'SUCCEEDED' ? 'done' : 'failed');
  }

  #ofBuildKit(number: string, said: string, now: number): void {
    const step = this.#numbered.get(number);
    if (!step) {
      this.#numbered.set(number, this.#begin(said, now));
      return;
    }
    const seconds = /^DONE (\d+(?:\.\d+)?)s$/.exec(said)?.[1];
    if (seconds !== undefined && step.how !== 'cached')
      Object.assign(step, { how: 'done', seconds: Number(seconds) });
    else if (said === 'CACHED') Object.assign(step, { how: 'cached', seconds: 0 });
    else if (/^(?:ERROR:|CANCELED$)/.test(said))
      Object.assign(step, { how: 'failed', seconds: Math.max(0, (now - step.began) / 1000) });
  }

  #begin(text: string, began: number): Open {
    const step: Open = { name: nameOf(text), seconds: 0, how: 'not ended', began };
    if (this.#steps.length < stepsKept) this.#steps.push(step);
    else this.left += 1;
    return step;
  }

  #end(now: number, how: Step['how']): void {
    const step = this.#current;
    this.#current = undefined;
    if (!step) return;
    step.seconds = Math.max(0, (now - step.began) / 1000);
    if (step.how === 'not ended') step.how = how;
  }
}

/** Without what only the cache reads. */
function nameOf(text: string): string {
  const name = text.replaceAll(/--mount=\S+ /g, '');
  return name.length > nameLength ? `${name.slice(0, nameLength)}…` : name;
}

interface Build {
  readonly key: EnvironmentKey;
  readonly number: number;
}

/** @returns what its log says so far; undefined where there is no log of it. */
export async function readSteps(
  logs: Pick<BuildLogs, 'read'>,
  { key, number }: Build,
  now: Instant,
): Promise<BuildRecord | undefined> {
  const read = new BuildSteps();
  let page = await logs.read({ key, number, cursor: undefined });
  if (!page) return undefined;
  for (let pages = 1; ; pages++) {
    for (const line of page.lines) read.add(line);
    if (!page.more || pages === pagesRead) break;
    page = (await logs.read({ key, number, cursor: page.cursor })) ?? { ...page, lines: [], more: false };
  }
  const { steps, left } = read;
  const isWhole = !page.more && steps.length > 0 && steps.every(({ how }) => how !== 'not ended');
  return { number, readAt: now, steps, left, isWhole };
}
