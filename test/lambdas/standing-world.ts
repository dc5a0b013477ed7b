/** Standing jobs in a world of their own: asked for as the API writes them, their jobs brought to an end as the stage of jobs does it. */
import { type Job, nextJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobEvent } from '#core/jobs/job-event.ts';
import { askedStanding, nextStanding, type StandingEvent } from '#core/jobs/standing/next.ts';
import { isLive, type LiveStanding, type StandingSpec } from '#core/jobs/standing/standing.ts';
import { emptyTally } from '#core/jobs/tally.ts';
import { type Instant, secondsBetween, TeamName } from '#core/names.ts';
import { keyOf } from '../core/jobs/standing/samples.ts';
import { uploadEvent } from './events.ts';
import { look, World } from './world.ts';

const team = TeamName.parse('checkout');

export class StandingWorld {
  readonly world = new World({ environments: [] });

  async asked(name: string, spec: StandingSpec): Promise<void> {
    const at = this.world.clock.now();
    const decision = askedStanding(keyOf(name), undefined, { spec, owner: 'rita', at });
    if (decision.outcome !== 'changed') throw new Error(decision.outcome);
    await this.world.standing.write({ standing: decision.standing, at });
  }

  async said(name: string, event: StandingEvent): Promise<void> {
    const at = this.world.clock.now();
    const decision = nextStanding(await this.standing(name), event, at);
    if (decision.outcome !== 'changed') throw new Error(JSON.stringify(decision));
    await this.world.standing.write({ standing: decision.standing, at });
  }

  async standing(name: string): Promise<LiveStanding> {
    const found = await this.world.standing.read(keyOf(name));
    if (!isLive(found)) throw new Error(`there is no ${name}`);
    return found;
  }

  looked = (name: string): Promise<void> => this.world.deliver('job-starts', look(keyOf(name)));

  uploaded = (object: string, more: object = {}): Promise<void> =>
    this.world.deliver(
      'job-starts',
      uploadEvent(this.world.clock.now(), `datasets/checkout/incoming/${object}`, more),
    );

  jobs = async (): Promise<readonly Job[]> => (await this.world.jobs.list(team, undefined, 100)).jobs;

  until(instant: Instant): void {
    this.world.clock.advance(secondsBetween(this.world.clock.now(), instant));
  }

  runs = async (name: string): Promise<string[]> =>
    (await this.standing(name)).runs.map(
      ({ outcome, why }) => `${outcome}${why === undefined ? '' : `: ${why}`}`,
    );

  /** @throws where there is none. */
  async running(name: string): Promise<Pick<Job, 'team' | 'name'>> {
    const { current } = await this.standing(name);
    if (current === undefined) throw new Error(`no job of ${name} goes on`);
    return { team, name: current.job };
  }

  /** As the stage of jobs says it, with what its team holds no more at its end. */
  async brought(job: Pick<Job, 'team' | 'name'>, ...events: readonly JobEvent[]): Promise<void> {
    const { jobs, clock } = this.world;
    for (const event of events) {
      const before = await jobs.read(job);
      if (!before) throw new Error('it was asked for');
      const decision = nextJob(before, event, clock.now());
      if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${decision.outcome}`);
      const isEnd = decision.job.phase === 'ended';
      const told = { at: clock.now(), actor: 'jobs', lookAfterSeconds: isEnd ? undefined : 15 };
      const ledger = await jobs.ledger(team);
      const { [job.name]: _, ...held } = ledger.held;
      const left = isEnd ? { ledger: { ...ledger, version: ledger.version + 1, held } } : {};
      await jobs.write(jobChange(before, decision.job, told), left);
    }
  }

  end = (job: Pick<Job, 'team' | 'name'>, failed = 0): Promise<void> =>
    this.brought(
      job,
      { kind: 'listed', chunks: 1, bytes: 10 },
      { kind: 'sent', upTo: 1 },
      { kind: 'tallied', tally: { ...emptyTally, committed: 1 - failed, failed } },
      { kind: 'manifest-written' },
      { kind: 'taken-away' },
    );
}
