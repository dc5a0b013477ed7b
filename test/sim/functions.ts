/** Functions as they run: each with a clock and a configuration of its own, over ports that fail; others go on while it waits. */
import type { Config } from '#core/config.ts';
import { addSeconds } from '#core/names.ts';
import type { Clock } from '#core/ports.ts';
import { type Faults, faulty, Invocation, type Surroundings } from './faults.ts';
import type { Oracle } from './oracle.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What a story is told with. */
export interface Setting {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly faults: Faults;
  readonly oracle: Oracle;
  readonly trace: (line: string) => void;
  /** It tells of data jobs. Such stories are dear, and stay as they were whatever else others come to tell of. */
  readonly hasJobs: boolean;
}

type Effect = Parameters<typeof faulty>[4];
/** A port as one run of a function has it. */
export type Port = <P extends object>(name: string, it: P, effect?: Effect) => P;

const skews = [0, 0, 0, 1.5, -1.5, 4];
/** Who waits for whom who waits: more says nothing new. */
const deepest = 3;

export class Functions {
  readonly #setting: Setting;
  readonly #config: Config;
  /** Each function's own: a deployment reaches one after the other. */
  readonly #configs = new Map<string, Config>();
  readonly #deployed = new Map<string, number>();
  #deployments = 0;
  readonly #skews = new Map<string, number>();
  #depth = 0;

  constructor(setting: Setting, config: Config) {
    this.#setting = setting;
    this.#config = config;
  }

  configOf = (name: string): Config => this.#configs.get(name) ?? this.#config;

  /** A newer configuration reaches the functions within a minute, in any order. */
  deploy(config: Config): void {
    const { timeline, random, oracle, hasJobs } = this.#setting;
    const number = ++this.#deployments;
    const names = ['api', 'build', 'gate', 'promote', 'deploy', 'dns', 'pager'];
    for (const name of hasJobs ? names : [...names, 'schedule']) {
      timeline.in(random.between(0, 60), `${name} gets policy ${config.policy.version}`, () => {
        if ((this.#deployed.get(name) ?? 0) > number) return;
        this.#deployed.set(name, number);
        this.#configs.set(name, config);
        oracle.ruled();
      });
    }
  }

  invoked = (name: string): Invocation =>
    new Invocation(name, this.#skewOf(name), this.configOf(name), this.#setting.timeline.now());

  /** @returns why it failed; undefined when it did not. */
  async run(name: string, work: (invocation: Invocation) => Promise<void>): Promise<string | undefined> {
    const invocation = this.invoked(name);
    const done = work(invocation).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    return Promise.race([done, invocation.crashed]);
  }

  #skewOf(name: string): number {
    const { faults, random } = this.#setting;
    if (faults.rate === 0) return 0;
    const known = this.#skews.get(name);
    if (known !== undefined) return known;
    const skew = random.pick(skews);
    if (skew !== 0) faults.count('clock skew');
    this.#skews.set(name, skew);
    return skew;
  }

  /** Others go on meanwhile. */
  async pause(mostSeconds: number): Promise<void> {
    const { timeline, random, trace } = this.#setting;
    if (this.#depth >= deepest) return;
    this.#depth++;
    const seconds = random.between(0.01, mostSeconds);
    await timeline.until(timeline.milliseconds + seconds * 1000, trace);
    this.#depth--;
  }

  get around(): Surroundings {
    const { faults, oracle, trace } = this.#setting;
    return {
      faults,
      pause: () => this.pause(8),
      watch: (invocation, call) => {
        if (invocation.name === 'promote') oracle.seeGood(invocation);
        trace(`    ${invocation.name}: ${call}`);
      },
    };
  }

  portsOf(invocation: Invocation): Port {
    const { around } = this;
    return (name, it, effect) => faulty(name, it, invocation, around, effect);
  }

  /** Of ports that fail in those stories alone that tell of no data jobs. */
  portsBeside(invocation: Invocation): Port {
    return this.#setting.hasJobs ? (_, it) => it : this.portsOf(invocation);
  }

  clockOf({ skewSeconds }: Invocation): Clock {
    const { timeline } = this.#setting;
    return { now: () => addSeconds(timeline.now(), skewSeconds) };
  }
}
