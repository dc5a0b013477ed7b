/** What people do with data jobs: ask for them, pause, resume, cancel and retry them, change what they read, empty their queues. */
import type { Job } from '#core/jobs/job.ts';
import { locationOf } from '#core/jobs/location.ts';
import type { TeamName } from '#core/names.ts';
import type { FaultKind } from '../faults.ts';
import { Asking, pathOf } from './asking.ts';
import type { JobsWorld } from './world.ts';

/** Of results that are not merged: half of them stay as they are. */
const ends = [{}, {}, { kind: 'concatenate' }, { kind: 'command', command: ['cat'] }] as const;
type Verb = 'pause' | 'resume' | 'cancel' | 'retry';
const kinds: Readonly<Record<Verb, FaultKind>> = {
  pause: 'job paused',
  resume: 'job resumed',
  cancel: 'job cancelled',
  retry: 'job retried',
};

export class JobPeople {
  readonly #world: JobsWorld;
  readonly #asking: Asking;

  constructor(world: JobsWorld) {
    this.#world = world;
    this.#asking = new Asking(world.cloud, 'job');
  }

  /** @param counts of jobs, one of which it is. */
  plan(teams: readonly TeamName[], seconds: number, counts: readonly number[]): void {
    const { random, timeline } = this.#world.cloud;
    const count = random.pick(counts);
    for (let i = 0; i < count; i++) {
      const team = random.pick(teams);
      const at = random.between(0, seconds * 0.6);
      timeline.in(at, `a data job of ${team} is asked for`, () => this.#ask(team));
      this.tend(team, at, seconds);
    }
  }

  /** What somebody does with jobs of the team, whoever asked for them. */
  tend(team: TeamName, at: number, seconds: number): void {
    const { random, timeline, faults } = this.#world.cloud;
    const some = (probability: number, what: FaultKind, happen: (job: Job) => Promise<void> | void) => {
      if (!random.chance(probability)) return;
      timeline.in(random.between(at, seconds), what, async () => {
        const job = await this.#someJob(team);
        if (job) await happen(job);
      });
    };
    some(0.25, 'job paused', (job) => this.#pause(job));
    some(0.2, 'job cancelled', (job) => this.#say(job, 'cancel'));
    some(0.15, 'queue purged', async ({ name }) => {
      const url = await this.#world.queues.url(name);
      if (url === undefined) return;
      faults.count('queue purged');
      this.#world.queues.at(url).purge();
    });
    some(0.1, 'object changed', (job) => this.#change(job));
    for (let look = at + 60; look < seconds; look += random.between(60, 240))
      timeline.in(look, `somebody looks at the data jobs of ${team}`, () => this.#look(team));
  }

  async #ask(team: TeamName): Promise<void> {
    const { random, faults } = this.#world.cloud;
    const folder = `datasets/${team}/d${this.#asking.number()}/`;
    const texts = this.#world.nature.texts();
    for (const [i, text] of texts.entries()) this.#world.put(`${folder}part-${i}`, text);
    const isOver = faults.happens('job over its quota', 0.05);
    const isMerged = random.chance(0.2);
    const reduce = isMerged ? { kind: 'merge' } : random.pick(ends);
    const job = {
      dataset: `s3://jobs/${folder}`,
      command: [isMerged ? 'sort' : 'cat'],
      chunkMiB: 1,
      parallelism: isOver ? 1000 : random.whole(1, 4),
      resources: { cpu: random.pick([0.5, 4]), memoryMiB: 64 },
      toleratedFailures: random.pick([0, 0, 1, 9]),
      maxAttempts: random.pick([2, 4]),
      timeLimitSeconds: random.pick([60, 3600]),
      ...('kind' in reduce && { reduce }),
    };
    await this.#asking.ask(team, 'job asked for', { path: '/jobs', body: { team, job } });
  }

  async #look(team: TeamName): Promise<void> {
    const job = await this.#someJob(team);
    const { random } = this.#world.cloud;
    if (job?.phase !== 'ended' || job.outcome === 'succeeded' || !random.chance(0.4)) return;
    if (random.chance(0.7)) this.#world.nature.mend(job.name);
    await this.#say(job, 'retry');
  }

  async #pause(job: Job): Promise<void> {
    const { random, timeline } = this.#world.cloud;
    await this.#say(job, 'pause');
    if (random.chance(0.9))
      timeline.in(random.between(1, 400), `${job.name} is resumed`, () => this.#say(job, 'resume'));
  }

  async #change({ request: { dataset } }: Job): Promise<void> {
    if (dataset === undefined) return;
    const { key, isPrefix } = locationOf(dataset);
    this.#world.cloud.faults.count('object changed');
    this.#world.put(isPrefix ? `${key}part-0` : key, Buffer.from('something else\n'));
  }

  async #someJob(team: TeamName): Promise<Job | undefined> {
    const { jobs } = await this.#world.jobs.list(team, undefined, 100);
    return jobs.length === 0 ? undefined : this.#world.cloud.random.pick(jobs);
  }

  async #say(job: Job, verb: Verb): Promise<void> {
    this.#world.oracle.said(job.name, verb);
    await this.#asking.ask(job.team, kinds[verb], { path: `${pathOf('jobs', job)}/${verb}` });
  }
}
