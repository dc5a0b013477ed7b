/** What every memory of jobs must do: of two who write upon one version, one has written, with all that goes with it or nothing. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect, vi } from 'vitest';
import { Conflict } from '#core/errors.ts';
import { askedJob, type Job } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import type { JobStore } from '#core/jobs/job-ports.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { JobKey } from '#core/jobs/slots.ts';
import { addSeconds } from '#core/names.ts';
import { contract, type Deviations } from './contract.ts';
import { start } from './samples.ts';

const eventually = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 5000 });

export interface JobStoreWorld {
  readonly jobs: JobStore;
  /** The stages of the looks that wait to be sent, of that job. */
  readonly looks: (job: JobKey) => Promise<readonly string[]>;
}

export function jobStoreContract(name: string, make: () => JobStoreWorld, deviations: Deviations = {}): void {
  contract(name, 'jobs', deviations, (test) => {
    let world: JobStoreWorld;
    let team: string;
    let key: JobKey;
    const keyOf = (hex: string) => JobKey.parse({ team, name: `job-${hex.padStart(16, '0')}` });
    const asked = (of: JobKey): Job =>
      askedJob({
        ...of,
        requester: 'alice',
        at: start,
        cluster: 'main',
        request: JobRequest.parse({
          dataset: 's3://lake/sales/',
          command: ['sh', '-c', 'é\n'],
          parallelism: 2,
        }),
      });
    const first = (of: JobKey, more: { lookAfterSeconds?: number | undefined } = { lookAfterSeconds: 0 }) =>
      jobChange(undefined, asked(of), {
        at: start,
        actor: 'alice',
        what: 'asked for',
        lookAfterSeconds: more.lookAfterSeconds,
      });
    beforeEach(() => {
      world = make();
      team = `t${randomBytes(5).toString('hex')}`;
      key = keyOf(randomBytes(8).toString('hex'));
    });

    test('what nobody asked for is not there', async () => {
      expect(await world.jobs.read(key)).toBeUndefined();
      expect(await world.jobs.audit(key, 10)).toEqual([]);
    });

    test('a job comes back as it was written, with its trail and its looks', async () => {
      const { jobs, looks } = world;
      const change = first(key);
      await jobs.write(change);
      expect(await jobs.read(key)).toEqual(change.job);
      const next = jobChange(
        change.job,
        { ...change.job, chunks: 3, bytes: 9, phase: 'sending', sent: 0, paused: true },
        {
          at: addSeconds(start, 5),
          actor: 'jobs',
          what: '3 chunks of 9 bytes in all',
          cause: 'm-1',
          lookAfterSeconds: 15,
          slotsAreLate: true,
        },
      );
      await jobs.write(next);
      expect(await jobs.read(key)).toEqual({ ...next.job, version: 2, lookAt: addSeconds(start, 20) });
      expect((await jobs.audit(key, 10)).map(({ what }) => what)).toEqual([
        'asked for',
        '3 chunks of 9 bytes in all',
      ]);
      expect([...(await looks(key))].sort()).toEqual(['job-slots', 'jobs', 'jobs']);
    });

    test('who writes upon a version that is not there any more has written nothing', async () => {
      const { jobs, looks } = world;
      const change = first(key);
      const outcomes = await Promise.allSettled([jobs.write(change), jobs.write(change), jobs.write(change)]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const later = jobChange({ ...change.job, version: 4 }, change.job, {
        at: start,
        actor: 'jobs',
        what: 'no',
        lookAfterSeconds: 0,
      });
      await expect(jobs.write(later)).rejects.toBeInstanceOf(Conflict);
      expect(await jobs.read(key)).toEqual(change.job);
      expect(await looks(key)).toHaveLength(1);
      expect(await jobs.audit(key, 10)).toHaveLength(1);
    });

    test('what its team holds is written with it, or neither', async () => {
      const { jobs } = world;
      const ledger = await jobs.ledger(key.team);
      expect(ledger).toMatchObject({ version: 0, held: {} });
      const amounts = { cpu: 1.2, memoryMiB: 896, gpu: 0, environments: 0, storageGiB: 0 };
      const held = { ...ledger, version: 1, held: { [key.name]: amounts } };
      await jobs.write(first(key), { ledger: held });
      expect(await jobs.ledger(key.team)).toEqual(held);
      const other = keyOf('2');
      await expect(jobs.write(first(other), { ledger: held })).rejects.toBeInstanceOf(Conflict);
      expect(await jobs.read(other)).toBeUndefined();
    });

    test('those of a team are listed page by page, the newest first, and of no other team', async () => {
      const { jobs } = world;
      const keys = ['a', 'b', 'c', 'd', 'e'].map(keyOf);
      for (const one of keys) await jobs.write(first(one));
      await jobs.write(first(JobKey.parse({ team: `${team}x`, name: keyOf('f').name })));
      const page = (before?: string) => jobs.list(key.team, before, 2);
      const names = async (before?: string) => (await page(before)).jobs.map(({ name }) => name);
      const newestFirst = keys.map(({ name }) => name).toReversed();
      await eventually(async () => expect(await names()).toEqual(newestFirst.slice(0, 2)));
      await eventually(async () => expect(await names(newestFirst[1])).toEqual(newestFirst.slice(2, 4)));
      await eventually(async () => expect(await names(newestFirst[3])).toEqual(newestFirst.slice(4)));
      expect((await page()).more).toBe(true);
      expect((await page(newestFirst[3])).more).toBe(false);
    });

    test('what is due is found, and what nobody is to look at is not', async () => {
      const { jobs } = world;
      const waits = keyOf('1');
      await jobs.write(first(key));
      await jobs.write(first(waits, { lookAfterSeconds: 600 }));
      const due = async (after: number) =>
        (await jobs.due(addSeconds(start, after), 1000)).jobs
          .filter((job) => job.team === team)
          .map(({ name }) => name);
      await eventually(async () => expect(await due(0)).toEqual([key.name]));
      expect(await due(601)).toEqual([key.name, waits.name]);
      const known = await jobs.read(key);
      if (known === undefined) throw new Error('it was written');
      await jobs.write(jobChange(known, known, { at: start, actor: 'jobs', lookAfterSeconds: undefined }));
      await eventually(async () => expect(await due(0)).toEqual([]));
    });
  });
}
