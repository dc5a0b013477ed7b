/**
 * What goes wrong around a function that runs: a port that throttles, answers late or not at all, a conflict out of
 * nowhere, the function gone before or after an effect, others that go on while it waits. Counted by kind.
 */
import type { Config } from '#core/config.ts';
import { Conflict, Retryable } from '#core/errors.ts';
import type { Instant } from '#core/names.ts';
import type { Random } from './random.ts';

export type FaultKind =
  | 'throttled'
  | 'answer lost'
  | 'crash before'
  | 'crash after'
  | 'conflict'
  | 'pause'
  | 'clock skew'
  | 'event lost'
  | 'event doubled'
  | 'event delayed'
  | 'look lost'
  | 'look doubled'
  | 'entry refused'
  | 'stream lost'
  | 'reconcile missed'
  | 'index behind'
  | 'malformed message'
  | 'image deleted'
  | 'tag moved'
  | 'push by hand'
  | 'scan late'
  | 'scan never'
  | 'scan failed'
  | 'scan turned'
  | 'turned when approved'
  | 'build failed'
  | 'policy changed'
  | 'waiver changed'
  | 'waiver proposed'
  | 'waiver refused'
  | 'waiver approved'
  | 'waiver withdrawn'
  | 'two approvals at once'
  | 'refused approval'
  | 'rejected'
  | 'spec changed'
  | 'rebuild asked'
  | 'build spared'
  | 'spared in vain'
  | 'stopped'
  | 'started'
  | 'deleted'
  | 'ttl asked for'
  | 'ttl extended'
  | 'ended by its ttl'
  | 'hours asked for'
  | 'stopped by its hours'
  | 'started by its hours'
  | 'asked for anew'
  | 'refused request'
  | 'offered'
  | 'offer accepted'
  | 'offer refused'
  | 'offer withdrawn'
  | 'refused transfer'
  | 'handed over'
  | 'volume handed over'
  | 'volume asked for'
  | 'snapshot kept'
  | 'snapshot late'
  | 'snapshot deleted'
  | 'out of memory'
  | 'rollout late'
  | 'rollout never healthy'
  | 'object refused'
  | 'address moved'
  | 'name taken'
  | 'job asked for'
  | 'job over its quota'
  | 'job paused'
  | 'job resumed'
  | 'job cancelled'
  | 'job retried'
  | 'object changed'
  | 'queue purged'
  | 'chunk sent twice'
  | 'chunk lost'
  | 'chunk late'
  | 'worker killed'
  | 'node lost'
  | 'slot failed'
  | 'slot refused'
  | 'slot unschedulable'
  | 'namespace slow to go'
  | 'namespace refused'
  | 'command failed'
  | 'command always fails'
  | 'command out of memory'
  | 'command slow'
  | 'job beside others'
  | 'standing job asked for'
  | 'standing job changed'
  | 'standing job paused'
  | 'standing job resumed'
  | 'standing job run'
  | 'standing job deleted'
  | 'object uploaded';

export class Faults {
  readonly #random: Random;
  /** How often anything goes wrong, from 0; some seeds are calm, some are not. */
  rate: number;
  readonly counts = new Map<FaultKind, number>();
  /** When the storm was over. */
  calmSince: Instant | undefined;

  constructor(random: Random) {
    this.#random = random;
    this.rate = random.pick([0.005, 0.02, 0.05, 0.12]);
  }

  end(now: Instant): void {
    this.rate = 0;
    this.calmSince = now;
  }

  /** True, and counted, with `weight` times the rate. */
  strikes(kind: FaultKind, weight = 1): boolean {
    if (this.rate === 0 || !this.#random.chance(Math.min(0.6, this.rate * weight))) return false;
    this.count(kind);
    return true;
  }

  /** The world's own ways, as likely in a calm seed as in a wild one; none of them once the storm is over. */
  happens(kind: FaultKind, probability: number): boolean {
    if (this.rate === 0 || !this.#random.chance(probability)) return false;
    this.count(kind);
    return true;
  }

  count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

/** One run of a function. Once it has crashed, nothing of it goes on. */
export class Invocation {
  readonly name: string;
  readonly skewSeconds: number;
  readonly crashed: Promise<'crashed'>;
  #crash: (end: 'crashed') => void = () => undefined;
  /** What the oracle saw while it ran: digests that were good at some instant of it. */
  readonly goodDigests = new Set<string>();
  /** Approvals of them that held then. */
  readonly held = new Set<string>();
  /** By nobody's clock. */
  readonly beganAt: Instant;
  /** What it was deployed with: a newer configuration reaches the next one. */
  readonly config: Config;

  constructor(name: string, skewSeconds: number, config: Config, beganAt: Instant) {
    this.beganAt = beganAt;
    this.config = config;
    this.name = name;
    this.skewSeconds = skewSeconds;
    this.crashed = new Promise((resolve) => {
      this.#crash = resolve;
    });
  }

  /** It is gone: what it had begun side by side goes on no more than the rest. */
  dead = false;

  crash(): Promise<never> {
    this.dead = true;
    this.#crash('crashed');
    return this.nothing;
  }

  /** What a call of one that is gone comes to. */
  get nothing(): Promise<never> {
    return new Promise(() => undefined);
  }
}

export interface Surroundings {
  readonly faults: Faults;
  /** Others go on for a while. */
  pause(): Promise<void>;
  /** Called around each call, for the oracle and the trace. */
  watch(invocation: Invocation, call: string): void;
}

/** Calls that give something to go on with, at once. */
const opening: ReadonlySet<string> = new Set(['objects.begin', 'queues.at']);
/** Calls that give one thing after the other. */
const streaming: ReadonlySet<string> = new Set(['chunks.list', 'datasets.objects']);
/** Calls that expect a version. */
const conditional: ReadonlySet<string> = new Set([
  'store.write',
  'waivers.write',
  'jobs.write',
  'standing.write',
  'chunks.write',
  'slots.want',
  'slots.see',
]);

/** A port whose calls go wrong now and then; `effect` is told of each call that had its effect. */
export function faulty<P extends object>(
  name: string,
  port: P,
  invocation: Invocation,
  around: Surroundings,
  effect: (method: string, args: readonly unknown[], result: unknown) => void = () => undefined,
): P {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const call = `${name}.${String(property)}`;
      if (opening.has(call))
        return (...args: unknown[]) => faulty(call, value.apply(target, args), invocation, around);
      if (streaming.has(call))
        return async function* (...args: unknown[]) {
          await before(call, invocation, around);
          yield* value.apply(target, args);
          await after(call, invocation, around);
        };
      return async (...args: unknown[]) => {
        await before(call, invocation, around);
        const result: unknown = await value.apply(target, args);
        effect(String(property), args, result);
        await after(call, invocation, around);
        return result;
      };
    },
  });
}

async function before(call: string, invocation: Invocation, around: Surroundings): Promise<void> {
  const { faults } = around;
  if (invocation.dead) await invocation.nothing;
  around.watch(invocation, call);
  if (faults.strikes('pause', 1.5)) await around.pause();
  if (invocation.dead) await invocation.nothing;
  around.watch(invocation, call);
  if (faults.strikes('crash before', 0.4)) await invocation.crash();
  if (faults.strikes('throttled')) throw new Retryable(`${call}: ThrottlingException: slow down`);
  if (conditional.has(call) && faults.strikes('conflict'))
    throw new Conflict(`${call}: somebody else wrote first`);
}

async function after(call: string, invocation: Invocation, around: Surroundings): Promise<void> {
  const { faults } = around;
  if (faults.strikes('crash after', 0.4)) await invocation.crash();
  if (faults.strikes('answer lost', 0.5)) throw new Retryable(`${call}: 500: the answer was lost`);
}
