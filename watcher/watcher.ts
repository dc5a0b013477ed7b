/**
 * Tells the deployer which environments changed. What differs is decided by core/known.ts and when it is told by
 * core/telling.ts; here both are joined to a watch for each kind, and to the queue.
 */
import type { WatchListener } from '#adapters/kubernetes/watch.ts';
import type { Log } from '#adapters/log.ts';
import { type Difference, Known, type WatchedKind } from '#core/known.ts';
import { environmentId } from '#core/names.ts';
import type { Sights } from '#core/ports.ts';
import { Telling } from '#core/telling.ts';

/** Where each kind is, as WatchOptions.path has it. */
export const watchedPaths: Readonly<Record<WatchedKind, string>> = {
  Pod: '/api/v1/pods',
  Deployment: '/apis/apps/v1/deployments',
  Service: '/api/v1/services',
};
const kinds = ['Pod', 'Deployment', 'Service'] as const satisfies readonly WatchedKind[];

/** A watch says something every minute; without a word for so long it does not see. */
const blindMs = 200_000;
/** Without even a failure for so long it does not turn any more: only a restart helps. */
const stuckMs = 600_000;
const longestPauseMs = 30_000;

export interface WatcherDeps {
  readonly cluster: string;
  readonly sights: Sights;
  /** Milliseconds. */
  readonly now: () => number;
  readonly log: Pick<Log, 'info' | 'error'>;
}

interface Watch {
  readonly known: Known;
  listed: boolean;
  heardAt: number;
  turnedAt: number;
}

export class Watcher {
  readonly #deps: WatcherDeps;
  readonly #telling = new Telling();
  readonly #watches: ReadonlyMap<WatchedKind, Watch>;
  /** Of sending, one after the other. */
  #failures = 0;
  #notBefore = 0;

  constructor(deps: WatcherDeps) {
    this.#deps = deps;
    const turnedAt = deps.now();
    this.#watches = new Map(
      kinds.map((kind) => [kind, { known: new Known(kind), listed: false, heardAt: 0, turnedAt }]),
    );
  }

  listener(kind: WatchedKind): WatchListener {
    const watch = this.#watches.get(kind);
    if (!watch) throw new Error(`${kind} is not watched`);
    const { known } = watch;
    return {
      listing: () => known.listing(),
      there: (object) => this.#note(this.#parsed(kind, () => known.there(object))),
      gone: (object) => this.#note(this.#parsed(kind, () => known.gone(object))),
      listed: () => {
        for (const difference of known.listed()) this.#note(difference);
        watch.listed = true;
        this.#deps.log.info('listed', { kind, objects: known.size });
      },
      heard: () => {
        watch.heardAt = watch.turnedAt = this.#deps.now();
      },
      failed: (error) => {
        watch.turnedAt = this.#deps.now();
        this.#deps.log.error('the watch broke off', error, { kind });
      },
    };
  }

  /** One object that we can't read must not blind us for all others: it is told of in the log, polling looks at it. */
  #parsed(kind: WatchedKind, work: () => Difference | undefined): Difference | undefined {
    try {
      return work();
    } catch (error) {
      this.#deps.log.error('an object was not understood', error, { kind });
      return undefined;
    }
  }

  #note(difference: Difference | undefined): void {
    if (!difference) return;
    const { environment, facts, found } = difference;
    this.#telling.note({ environment, facts: new Set(facts), urgent: !found, since: this.#deps.now() });
  }

  /** Sends what is to be told now, one batch. What the queue does not take is told later. */
  async tell(): Promise<void> {
    const { cluster, sights, now, log } = this.#deps;
    if (now() < this.#notBefore) return;
    const batch = this.#telling.take(now());
    if (batch.length === 0) return;
    const reasons = await sights.send(
      batch.map(({ environment, facts }) => ({ kind: 'seen', environment, cluster, facts: [...facts] })),
    );
    for (const [i, news] of batch.entries()) {
      const reason = reasons[i];
      const fields = { environment: environmentId(news.environment), facts: [...news.facts] };
      if (reason === undefined) log.info('told', { ...fields, afterMs: now() - news.since });
      else {
        log.error('the queue did not take it', reason, fields);
        this.#telling.note(news);
      }
    }
    this.#rest(reasons);
  }

  #rest(reasons: readonly (string | undefined)[]): void {
    this.#failures = reasons.every((reason) => reason === undefined) ? 0 : this.#failures + 1;
    const pause = this.#failures === 0 ? 0 : 1_000 * 2 ** Math.min(this.#failures - 1, 10);
    this.#notBefore = this.#deps.now() + Math.min(pause, longestPauseMs);
  }

  /** Tells that it is alive, if it sees. */
  async beat(): Promise<void> {
    const { cluster, sights, log } = this.#deps;
    if (!this.sees) return log.error('not told that it is alive', 'a watch is silent', { kinds: this.blind });
    const [reason] = await sights.send([{ kind: 'alive', cluster }]);
    if (reason !== undefined) log.error('the queue did not take that it is alive', reason);
    this.#rest([reason]);
  }

  /** The kinds that it does not see. */
  get blind(): WatchedKind[] {
    const since = this.#deps.now() - blindMs;
    return [...this.#watches].flatMap(([kind, { listed, heardAt }]) =>
      listed && heardAt > since ? [] : [kind],
    );
  }

  get sees(): boolean {
    return this.blind.length === 0;
  }

  /** Readiness: it sees, and is heard. */
  get works(): boolean {
    return this.sees && this.#failures === 0;
  }

  /** Liveness: a restart would not help. */
  get turns(): boolean {
    const since = this.#deps.now() - stuckMs;
    return [...this.#watches.values()].every(({ turnedAt }) => turnedAt > since);
  }

  /** What is not told yet. */
  get waiting(): number {
    return this.#telling.waiting;
  }
}
