/**
 * When what was seen is told: at once where an environment was quiet, then at most once in `gapMs` for each environment,
 * with all that differed meanwhile in one message. Nothing noted is dropped: what could not be sent is noted again.
 * It holds one entry for each environment, however much happens. Instants are milliseconds, given by the caller.
 */
import { type EnvironmentKey, environmentId } from './names.ts';
import type { Fact } from './seen.ts';

/** Between two messages for one environment: kill, restart and not Ready are seen as several changes within it. */
export const gapMs = 1_000;
/** SQS takes ten messages a call. */
export const batchSize = 10;
/** What is merely there, seen for the first time, is told in one batch a second and never before what changed. */
const calmMs = 1_000;

export interface News {
  readonly environment: EnvironmentKey;
  readonly facts: ReadonlySet<Fact>;
  /** It changed before our eyes; else it was found to be there. */
  readonly urgent: boolean;
  readonly since: number;
}

export class Telling {
  readonly #waiting = new Map<string, News>();
  readonly #toldAt = new Map<string, number>();
  #nextCalm = 0;

  get waiting(): number {
    return this.#waiting.size;
  }

  note(news: News): void {
    const id = environmentId(news.environment);
    const known = this.#waiting.get(id);
    this.#waiting.set(id, known ? together(known, news) : news);
  }

  /** What is to be told now, at most one batch; it is the caller's until sent, or noted again. */
  take(now: number): News[] {
    for (const [id, at] of this.#toldAt) if (at + gapMs <= now) this.#toldAt.delete(id);
    const quiet = [...this.#waiting].filter(([id]) => !this.#toldAt.has(id)).map(([, news]) => news);
    const urgent = quiet.filter((news) => news.urgent);
    const calm = now >= this.#nextCalm ? quiet.filter((news) => !news.urgent) : [];
    const batch = [...urgent.sort(longestWaiting), ...calm.sort(longestWaiting)].slice(0, batchSize);
    if (batch.some((news) => !news.urgent)) this.#nextCalm = now + calmMs;
    for (const { environment } of batch) {
      this.#waiting.delete(environmentId(environment));
      this.#toldAt.set(environmentId(environment), now);
    }
    return batch;
  }
}

const longestWaiting = (a: News, b: News): number => a.since - b.since;

const together = (a: News, b: News): News => ({
  environment: a.environment,
  facts: new Set([...a.facts, ...b.facts]),
  urgent: a.urgent || b.urgent,
  since: Math.min(a.since, b.since),
});
