/** What every memory of standing jobs must do: of two who write upon one version, one has written, with all that goes with it or nothing. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect, vi } from 'vitest';
import { Conflict } from '#core/errors.ts';
import { askedJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobStore } from '#core/jobs/job-ports.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { JobKey } from '#core/jobs/slots.ts';
import { StandingKey } from '#core/jobs/standing/cause.ts';
import { askedStanding, nextStanding, type StandingEvent } from '#core/jobs/standing/next.ts';
import type { StandingChange, StandingJobs } from '#core/jobs/standing/ports.ts';
import { isLive, type Standing } from '#core/jobs/standing/standing.ts';
import { addSeconds } from '#core/names.ts';
import { incoming } from '../core/jobs/standing/samples.ts';
import { contract, type Deviations } from './contract.ts';
import { start } from './samples.ts';

const eventually = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 5000 });

export interface StandingWorld {
  readonly standing: StandingJobs;
  /** Of the same table. */
  readonly jobs: JobStore;
  /** The delays of the looks that wait to be sent. */
  readonly looks: (of: StandingKey) => Promise<readonly number[]>;
}

export function standingContract(name: string, make: () => StandingWorld, deviations: Deviations = {}): void {
  contract(name, 'standing jobs', deviations, (test) => {
    let world: StandingWorld;
    let team: string;
    let key: StandingKey;
    const keyOf = (of: string, its = team) => StandingKey.parse({ team: its, name: of });
    const cause = {
      kind: 'upload',
      at: start,
      key: 'datasets/x/é',
      etag: 'e',
      sequencer: '1',
    } as const;
    const first = (of: StandingKey, before?: Standing): StandingChange => {
      const decision = askedStanding(of, before, { spec: incoming, owner: 'alice', at: start });
      if (decision.outcome !== 'changed') throw new Error(decision.outcome);
      const audit = { at: start, actor: 'alice', what: decision.what ?? '' };
      return { standing: decision.standing, at: start, audit };
    };
    const then = ({ standing }: StandingChange, event: StandingEvent): StandingChange => {
      if (!isLive(standing)) throw new Error('it is deleted');
      const decision = nextStanding(standing, event, start);
      if (decision.outcome !== 'changed') throw new Error(JSON.stringify(decision));
      return { standing: decision.standing, at: start };
    };
    beforeEach(() => {
      world = make();
      team = `t${randomBytes(5).toString('hex')}`;
      key = keyOf('nightly');
    });

    test('what nobody asked for is not there', async () => {
      expect(await world.standing.read(key)).toBeUndefined();
      expect(await world.standing.all(key.team)).toEqual([]);
      expect(await world.standing.audit(key, 10)).toEqual([]);
    });

    test('comes back as it was written, with its trail and its look', async () => {
      const { standing, looks } = world;
      const asked = first(key);
      await standing.write(asked);
      expect(await standing.read(key)).toEqual(asked.standing);
      const waits = then(asked, { kind: 'caused', cause });
      await standing.write(waits);
      expect(await standing.read(key)).toEqual(waits.standing);
      expect((await standing.audit(key, 10)).map(({ what }) => what)).toEqual(['asked for by alice']);
      expect(await looks(key)).toEqual([0]);
    });

    test('who writes upon a version that is not there any more has written nothing', async () => {
      const { standing } = world;
      const asked = first(key);
      const outcomes = await Promise.allSettled([asked, asked, asked].map((one) => standing.write(one)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const waits = then(asked, { kind: 'caused', cause });
      await standing.write(waits);
      await expect(standing.write(then(asked, { kind: 'pause', by: 'bob' }))).rejects.toBeInstanceOf(
        Conflict,
      );
      expect(await standing.read(key)).toEqual(waits.standing);
    });

    test('a job and what started it are written together, or neither', async () => {
      const { standing, jobs } = world;
      const asked = first(key);
      await standing.write(asked);
      const waits = then(asked, { kind: 'caused', cause });
      const job = JobKey.parse({ team, name: `job-${randomBytes(8).toString('hex')}` });
      const request = JobRequest.parse({ dataset: 's3://lake/sales/', command: ['cat'] });
      const by = { requester: 'alice', at: start, cluster: 'main', request };
      const change = jobChange(
        undefined,
        askedJob({ ...job, ...by, standing: { name: key.name, depth: 0 } }),
        {
          at: start,
          actor: 'job-starts',
          lookAfterSeconds: 0,
        },
      );
      const started = then(waits, { kind: 'started', job: job.name });
      await expect(jobs.write(change, { standing: started })).rejects.toBeInstanceOf(Conflict);
      expect(await jobs.read(job)).toBeUndefined();
      await standing.write(waits);
      await jobs.write(change, { standing: started });
      expect(await jobs.read(job)).toEqual(change.job);
      expect(await standing.read(key)).toEqual(started.standing);
      await expect(
        jobs.write(change, { standing: then(started, { kind: 'pause', by: 'bob' }) }),
      ).rejects.toBeInstanceOf(Conflict);
      expect(await standing.read(key)).toEqual(started.standing);
    });

    test('those of a team are there all at once, by name, without what was deleted, and of no other team', async () => {
      const { standing } = world;
      for (const name of ['cc', 'aa', 'bb']) await standing.write(first(keyOf(name)));
      await standing.write(first(keyOf('dd', `${team}x`)));
      const gone = then(first(keyOf('bb')), { kind: 'delete', by: 'bob' });
      await standing.write(gone);
      expect((await standing.all(key.team)).map(({ name }) => name)).toEqual(['aa', 'cc']);
      expect(await standing.read(keyOf('bb'))).toEqual(gone.standing);
      await standing.write(first(keyOf('bb'), gone.standing));
      expect((await standing.all(key.team)).map(({ name }) => name)).toEqual(['aa', 'bb', 'cc']);
    });

    test('what is due is found, and what nobody is to look at is not', async () => {
      const { standing } = world;
      const asked = first(key);
      await standing.write(asked);
      const due = async (after: number) =>
        (await standing.due(addSeconds(start, after), 1000)).standing
          .filter((one) => one.team === team)
          .map(({ name }) => name);
      // Nothing waits.
      expect(await due(86_400)).toEqual([]);
      const waits = then(asked, { kind: 'caused', cause });
      await standing.write(waits);
      await eventually(async () => expect(await due(0)).toEqual([key.name]));
      await standing.write(then(waits, { kind: 'delete', by: 'bob' }));
      await eventually(async () => expect(await due(86_400)).toEqual([]));
    });
  });
}
