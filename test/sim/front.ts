/** The API as people ask it, through one function that may be gone before it answers. */
import { MemoryBuckets } from '#adapters/memory/buckets.ts';
import { MemoryBuildLogs } from '#adapters/memory/build-logs.ts';
import { MemoryBuildRecords } from '#adapters/memory/build-records.ts';
import { MemoryDeadLetters } from '#adapters/memory/dead-letters.ts';
import { MemoryPersonKeys } from '#adapters/memory/person-keys.ts';
import type { MemoryRegistry } from '#adapters/memory/registry.ts';
import type { MemoryReports } from '#adapters/memory/reports.ts';
import { MemorySshSessions } from '#adapters/memory/ssh-sessions.ts';
import type { MemoryStore } from '#adapters/memory/store.ts';
import { makeApp } from '#api/app.ts';
import type { Clock, Waivers } from '#core/ports.ts';
import type { Person } from '#core/roles.ts';
import { ask } from '../api/ask.ts';
import type { Invocation } from './faults.ts';
import type { Functions } from './functions.ts';
import type { Api, Headers } from './jobs/around.ts';
import type { JobsWorld } from './jobs/world.ts';

/** What the API answers from. */
interface Behind {
  readonly store: MemoryStore;
  readonly registry: MemoryRegistry;
  readonly reports: MemoryReports;
  readonly functions: Functions;
  readonly data: JobsWorld;
  readonly trace: (line: string) => void;
  /** What every function has. */
  partsOf(invocation: Invocation): {
    readonly clock: Clock;
    readonly store: MemoryStore;
    readonly waivers: Waivers;
    readonly transfers: MemoryStore['transfers'];
    readonly snapshots: MemoryStore['snapshots'];
  };
}

export class Front implements Api {
  readonly #cloud: Behind;
  readonly #buckets = new MemoryBuckets();
  #randoms = 0;

  constructor(cloud: Behind) {
    this.#cloud = cloud;
  }

  async api(
    person: Person,
    path: string,
    body: unknown,
    headers: Headers,
    method = 'POST',
  ): Promise<number | undefined> {
    const answer = await this.#answer(person, path, body, headers, method);
    this.#cloud.trace(`  ${person.name}: ${method} ${path} → ${answer?.status ?? 'no answer'}`);
    return answer?.status;
  }

  async ask(person: Person, path: string): Promise<unknown> {
    return (await this.#answer(person, path, undefined, {}, 'GET'))?.json();
  }

  async #answer(
    person: Person,
    path: string,
    body: unknown,
    headers: Headers,
    method: string,
  ): Promise<Response | undefined> {
    let answer: Response | undefined;
    await this.#cloud.functions.run('api', async (invocation) => {
      const failed = (error: unknown) => {
        throw error;
      };
      const told = { person: () => person, requestId: invocation.name };
      const sent = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      answer = await ask(makeApp(this.#depsOf(invocation), { failed }), told, path, sent);
    });
    return answer;
  }

  #depsOf(invocation: Invocation) {
    const { store, registry, reports, functions, data } = this.#cloud;
    const parts = this.#cloud.partsOf(invocation);
    const bases = functions.portsOf(invocation)('bases', registry);
    return {
      ...parts,
      deadLetters: new MemoryDeadLetters([], parts.clock),
      failures: store,
      requests: functions.portsBeside(invocation)('requests', store.requests),
      buckets: this.#buckets,
      reports,
      keys: new MemoryPersonKeys(),
      sessions: new MemorySshSessions(),
      buildLogs: new MemoryBuildLogs(),
      buildRecords: new MemoryBuildRecords(),
      outbox: { drain: async () => ({ sent: 0, unsent: [] }) },
      names: { plan: async () => ({ names: [] }) },
      ...data.depsOf('', invocation, functions.around),
      jobFiles: { link: async (key: string) => ({ url: key, expiresSeconds: 300 }) },
      jobBucket: 'jobs',
      random: () => (this.#randoms++).toString(16).padStart(4, '0'),
      bases,
      attachments: bases,
      config: invocation.config,
    };
  }
}
