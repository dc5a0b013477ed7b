/**
 * Which steps of a build took how long, and which were taken from a cache: read from what it printed. BuildKit numbers its steps
 * and says of each how it ended; buildah, which builds in the local cloud, says when the next one begins.
 */
export interface Line {
  readonly at: string;
  readonly text: string;
}

export interface Step {
  readonly name: string;
  readonly seconds: number;
  readonly how: 'done' | 'cached' | 'failed' | 'not ended';
}

/** What builds print is as long as they like: of steps no more is kept than anybody made. */
const stepsKept = 500;

/** The first line of a number names its step. What a step prints has its seconds first (`#6 0.345 DONE`), and is no word of BuildKit's. */
const vertex = /^#(\d{1,6}) (.+)$/;
/** `[2/3] STEP 1/5: RUN …`, or without the stage where there is one alone. */
const instruction = /^((?:\[\d+\/\d+\] )?STEP \d+(?:\/\d+)?: .+)$/;
const commit = /^((?:\[\d+\/\d+\] )?COMMIT .*)$/;
const fromCache = /^--> (?:Using cache|Cache pulled) /;
const ended = /^\[Container\] Phase complete: .* State: ([A-Z_]+)/;

type Open = { -readonly [Key in keyof Step]: Step[Key] } & { readonly began: number };

/** One line after the other; `steps` at any time, in the order in which they began. */
export class BuildSteps {
  readonly #numbered = new Map<string, Open>();
  readonly #steps: Open[] = [];
  /** Of buildah: one step at a time. */
  #current: Open | undefined;

  get steps(): readonly Step[] {
    return this.#steps.map(({ name, seconds, how }) => ({ name, seconds, how }));
  }

  add({ at, text }: Line): void {
    const now = Date.parse(at);
    const [, number, said] = vertex.exec(text) ?? [];
    if (number !== undefined && said !== undefined) this.#ofBuildKit(number, said, now);
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
      const begun = this.#begin(said, now);
      if (begun) this.#numbered.set(number, begun);
      return;
    }
    const seconds = /^DONE (\d+(?:\.\d+)?)s$/.exec(said)?.[1];
    if (seconds !== undefined && step.how !== 'cached')
      Object.assign(step, { how: 'done', seconds: Number(seconds) });
    else if (said === 'CACHED') Object.assign(step, { how: 'cached', seconds: 0 });
    else if (/^(?:ERROR:|CANCELED$)/.test(said))
      Object.assign(step, { how: 'failed', seconds: (now - step.began) / 1000 });
  }

  #begin(name: string, began: number): Open | undefined {
    if (this.#steps.length >= stepsKept) return undefined;
    const step: Open = { name, seconds: 0, how: 'not ended', began };
    this.#steps.push(step);
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

const nameLength = 100;

/** A line a step, and their sum. */
export function tableOf(steps: readonly Step[]): string[] {
  const lines = steps.map(({ name, seconds, how }) => {
    const shown = name.replaceAll(/--mount=\S+ /g, '');
    const cut = shown.length > nameLength ? `${shown.slice(0, nameLength)}…` : shown;
    return `${seconds.toFixed(1).padStart(7)} s  ${how.padEnd(9)}  ${cut}`;
  });
  const cached = steps.filter(({ how }) => how === 'cached').length;
  return [...lines, `${steps.length} steps, ${cached} of them from a cache`];
}
