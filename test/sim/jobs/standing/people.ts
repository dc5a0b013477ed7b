/** What people do with standing jobs: ask for them, alone and in chains, change, pause, run and delete them, and put objects where some wait for them. */
import type { StandingKey } from '#core/jobs/standing/cause.ts';
import { StandingKey as StandingKeySchema } from '#core/jobs/standing/cause.ts';
import { isLive, type LiveStanding, type When } from '#core/jobs/standing/standing.ts';
import type { TeamName } from '#core/names.ts';
import { uploadEvent } from '../../../lambdas/events.ts';
import type { FaultKind } from '../../faults.ts';
import { Asking, pathOf } from '../asking.ts';
import type { JobsWorld } from '../world.ts';
import { cronAt } from './clock.ts';

/** After the storm some objects are put still. */
const calmSeconds = 900;

interface Planned {
  readonly key: StandingKey;
  readonly kind: When['kind'];
  readonly when: () => unknown;
  /** When it is asked for. */
  readonly at: number;
}

export class StandingPeople {
  readonly #world: JobsWorld;
  readonly #asking: Asking;
  #objects = 0;

  constructor(world: JobsWorld) {
    this.#world = world;
    this.#asking = new Asking(world.cloud, 'standing');
  }

  /** @returns the team whose they are. */
  plan(teams: readonly TeamName[], seconds: number): TeamName {
    const { random } = this.#world.cloud;
    const team = random.pick(teams);
    for (let i = 0; i < random.pick([1, 1, 2]); i++) {
      const root = random.chance(0.5) ? this.#schedule(team, i, seconds) : this.#upload(team, i, seconds);
      const chain = [root, ...this.#followers(root)];
      for (const planned of chain) this.#live(planned, seconds);
      if (root.kind === 'upload') this.#put(root, seconds);
    }
    return team;
  }

  #schedule(team: TeamName, i: number, seconds: number): Planned {
    const { random } = this.#world.cloud;
    const folder = `datasets/${team}/nightly-${i}/`;
    for (const [part, text] of this.#texts().entries()) this.#world.put(`${folder}part-${part}`, text);
    return {
      key: StandingKeySchema.parse({ team, name: `nightly-${i}` }),
      kind: 'schedule',
      when: () => ({ kind: 'schedule', ...cronAt(random) }),
      at: random.between(0, seconds * 0.3),
    };
  }

  #upload(team: TeamName, i: number, seconds: number): Planned {
    const { random } = this.#world.cloud;
    return {
      key: StandingKeySchema.parse({ team, name: `incoming-${i}` }),
      kind: 'upload',
      when: () => ({
        kind: 'upload',
        prefix: `s3://jobs/${folderOf(team, i)}${random.pick(['', '', 'a/'])}`,
      }),
      at: random.between(0, seconds * 0.3),
    };
  }

  #followers(root: Planned): Planned[] {
    const { random } = this.#world.cloud;
    const followers: Planned[] = [];
    for (let last = root; followers.length < 2 && random.chance(0.5); ) {
      const { key, at } = last;
      const name = `${root.key.name}-${followers.length}`;
      const when = () => ({ kind: 'after', job: key.name });
      last = {
        key: { ...root.key, name: StandingKeySchema.shape.name.parse(name) },
        kind: 'after',
        when,
        at: at + 30,
      };
      followers.push(last);
    }
    return followers;
  }

  /** All that is done with one of them. */
  #live(planned: Planned, seconds: number): void {
    const { key, at } = planned;
    const { random, timeline } = this.#world.cloud;
    const plan = (when: number, kind: FaultKind, happen: () => Promise<void>): void =>
      timeline.in(when, `${kind}: ${key.name}`, happen);
    const some = (probability: number, happen: (when: number) => void): void => {
      if (random.chance(probability)) happen(random.between(at + 20, seconds));
    };
    plan(at, 'standing job asked for', () => this.#ask(planned));
    some(0.25, (when) => {
      plan(when, 'standing job paused', () => this.#say(key, 'pause'));
      if (random.chance(0.9))
        plan(when + random.between(1, 400), 'standing job resumed', () => this.#say(key, 'resume'));
    });
    some(0.3, (when) => plan(when, 'standing job changed', () => this.#change(planned)));
    some(0.2, (when) => {
      plan(when, 'standing job deleted', () => this.#delete(key));
      if (random.chance(0.6))
        plan(when + random.between(1, 300), 'standing job asked for', () => this.#ask(planned));
    });
    if (planned.kind !== 'schedule') return;
    some(0.3, (when) => plan(when, 'standing job run', () => this.#run(key)));
  }

  async #ask({ key, kind, when }: Planned): Promise<void> {
    const { team, name } = key;
    const standing = this.#specOf(key, kind, when());
    this.#world.standing.said(key, 'ask');
    await this.#asking.ask(team, 'standing job asked for', {
      path: '/standing-jobs',
      body: { team, name, standing },
    });
  }

  #specOf({ team, name }: StandingKey, kind: When['kind'], when: unknown) {
    const { random } = this.#world.cloud;
    const job = {
      command: ['cat'],
      chunkMiB: 1,
      parallelism: random.whole(1, 3),
      // Three of the large ones leave no room for another.
      resources: { cpu: random.pick([0.5, 0.5, 9]), memoryMiB: 64 },
      toleratedFailures: random.pick([0, 1]),
      maxAttempts: 2,
      ...(kind === 'schedule' && { dataset: `s3://jobs/datasets/${team}/${name}/` }),
    };
    const overlap = random.pick(['skip', 'wait', 'as it comes', 'as it comes']);
    return { when, job, ...(overlap !== 'as it comes' && { overlap }) };
  }

  /** Another job, or another cause as well. */
  async #change({ key, kind, when }: Planned): Promise<void> {
    const found = await this.#read(key);
    if (found === undefined) return;
    const isSame = this.#world.cloud.random.chance(0.5);
    const standing = this.#specOf(key, kind, isSame ? found.spec.when : when());
    this.#world.standing.said(key, 'change');
    await this.#asking.ask(key.team, 'standing job changed', {
      path: pathOf('standing-jobs', key),
      method: 'PUT',
      body: { standing },
      version: async () => (await this.#read(key))?.version,
    });
  }

  async #delete(key: StandingKey): Promise<void> {
    this.#world.standing.said(key, 'delete');
    await this.#asking.ask(key.team, 'standing job deleted', {
      path: pathOf('standing-jobs', key),
      method: 'DELETE',
      version: async () => (await this.#read(key))?.version,
    });
  }

  async #say(key: StandingKey, verb: 'pause' | 'resume'): Promise<void> {
    this.#world.standing.said(key, verb);
    const path = `${pathOf('standing-jobs', key)}/${verb}`;
    await this.#asking.ask(key.team, `standing job ${verb}d`, { path });
  }

  async #run(key: StandingKey): Promise<void> {
    this.#world.standing.said(key, 'run');
    await this.#asking.ask(key.team, 'standing job run', { path: `${pathOf('standing-jobs', key)}/runs` });
  }

  async #read(key: StandingKey): Promise<LiveStanding | undefined> {
    const found = await this.#world.jobs.standing.read(key);
    return isLive(found) ? found : undefined;
  }

  /** Some beside its prefix, some below it, some again, some that no dataset may have. */
  #put({ key: { team, name }, at }: Planned, seconds: number): void {
    const { random, timeline } = this.#world.cloud;
    const folder = folderOf(team, Number(name.split('-')[1]));
    for (let i = 0; i < random.whole(1, 4); i++) {
      const key = `${random.pick([folder, folder, `${folder}a/`, `datasets/${team}/beside/`])}${random.pick(['x', 'y', 'a b'])}`;
      timeline.in(random.between(at, seconds + calmSeconds), `${key} is uploaded`, () => this.#uploaded(key));
    }
  }

  #uploaded(key: string): void {
    const { faults, timeline, deliveries } = this.#world.cloud;
    const [text = Buffer.from('a line\n')] = this.#texts();
    const { etag, size } = this.#world.put(key, text);
    const sequencer = (this.#objects++).toString(16).padStart(18, '0');
    const object = { etag: etag.replaceAll('"', ''), size, sequencer };
    faults.count('object uploaded');
    const messages = deliveries.emit(uploadEvent(timeline.now(), key, object), '');
    this.#world.standing.uploaded({ key, ...object, at: timeline.now(), told: messages > 0 });
  }

  #texts = (): Buffer[] => this.#world.nature.texts(false);
}

const folderOf = (team: TeamName, i: number): string => `datasets/${team}/incoming-${i}/`;
