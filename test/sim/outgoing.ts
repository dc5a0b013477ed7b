/** What goes out of the table: its stream, the outbox that sends, and reconcile, once a minute, for what was lost on its way. */
import type { MemoryStore } from '#adapters/memory/store.ts';
import { attempts as attemptsOfQueue } from '#core/attempts.ts';
import type { Instant } from '#core/names.ts';
import type { Due, EventBus, LookQueues, OutboxEntry, Sweeps } from '#core/ports.ts';
import { send } from '#lambdas/outbox/send.ts';
import { type ReconcileDeps, reconcile } from '#lambdas/reconcile/reconcile.ts';
import { told } from '../lambdas/events.ts';
import type { Deliveries } from './deliveries.ts';
import type { Invocation } from './faults.ts';
import type { Functions, Setting } from './functions.ts';

/** Where what is due is found. */
interface Indexed {
  readonly store: MemoryStore;
  readonly jobs: ReconcileDeps['jobs'];
  readonly standing: ReconcileDeps['standing'];
}

export class Outgoing {
  readonly #setting: Setting;
  readonly #functions: Functions;
  readonly #deliveries: Deliveries;
  readonly #indexed: Indexed;

  constructor(setting: Setting, functions: Functions, deliveries: Deliveries, indexed: Indexed) {
    this.#setting = setting;
    this.#functions = functions;
    this.#deliveries = deliveries;
    this.#indexed = indexed;
  }

  /** The table's stream tells the outbox, if nothing is lost. */
  written(entries: readonly OutboxEntry[]): void {
    if (entries.length > 0 && !this.#setting.faults.strikes('stream lost')) this.#stream(entries, 0);
  }

  #stream(entries: readonly OutboxEntry[], attempts: number): void {
    const { timeline, random } = this.#setting;
    timeline.in(random.between(0.1, 2), 'stream → outbox', async () => {
      let unsent: readonly OutboxEntry[] = [];
      const end = await this.#functions.run('outbox', async (invocation) => {
        unsent = (await send(this.#sending(invocation), entries)).map(({ entry }) => entry);
      });
      const left = end === undefined ? unsent : entries;
      if (left.length > 0 && attempts < attemptsOfQueue) this.#stream(left, attempts + 1);
    });
  }

  #sending(invocation: Invocation) {
    const port = this.#functions.portsOf(invocation);
    return {
      outbox: port('outbox', this.#indexed.store),
      bus: port('bus', this.#bus),
      looks: port('looks', this.#looks),
      clock: this.#functions.clockOf(invocation),
    };
  }

  readonly #bus: EventBus = {
    tell: async (events) =>
      events.map((event) => {
        if (this.#setting.faults.strikes('entry refused')) return 'InternalFailure';
        this.#deliveries.emit(told(event), event.cluster);
        return undefined;
      }),
  };

  readonly #looks: LookQueues = {
    send: async (stage, cluster, look, delaySeconds) => {
      const { faults, random } = this.#setting;
      if (faults.strikes('look lost', 2)) return;
      const copies = faults.strikes('look doubled', 2) ? 2 : 1;
      for (let i = 0; i < copies; i++)
        this.#deliveries.queue(stage, cluster, look, delaySeconds + random.between(0.05, 1));
    },
  };

  readonly sweeps: Sweeps = {
    send: async (sweep) => {
      const { faults, random } = this.#setting;
      if (faults.strikes('look lost', 2)) return;
      this.#deliveries.queue('dns', '', sweep, random.between(0.05, 1));
    },
  };

  everyMinute(): void {
    const { timeline, faults, trace } = this.#setting;
    timeline.in(60, 'reconcile', async () => {
      this.everyMinute();
      if (faults.strikes('reconcile missed', 2)) return;
      const end = await this.#functions.run('reconcile', (invocation) => {
        const port = this.#functions.portsOf(invocation);
        const sending = this.#sending(invocation);
        const store = port('store', this.#index);
        const sweeps = port('sweeps', this.sweeps);
        const jobs = port('jobs', this.#dueJobs);
        return reconcile({ ...sending, store, sweeps, jobs, standing: this.#dueStanding })();
      });
      if (end !== undefined) trace(`  reconcile failed: ${end}`);
    });
  }

  /** An index is read as it was a moment ago: what is new may be missing. */
  #isSeen = (): boolean => !this.#setting.faults.strikes('index behind');

  readonly #index = {
    due: async (now: Instant, limit: number): Promise<Due> => {
      const due = await this.#indexed.store.due(now, limit);
      return { ...due, environments: due.environments.filter(this.#isSeen) };
    },
  };

  readonly #dueJobs = {
    due: async (now: Instant, limit: number) => {
      const due = await this.#indexed.jobs.due(now, limit);
      return { ...due, jobs: due.jobs.filter(this.#isSeen) };
    },
  };

  readonly #dueStanding = {
    due: async (now: Instant, limit: number) => {
      const due = await this.#indexed.standing.due(now, limit);
      return { ...due, standing: due.standing.filter(this.#isSeen) };
    },
  };
}
