/** What every cluster must do for the slots of a data job: each is made once, and ended by what it was, not by what it is called. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect } from 'vitest';
import { Rejected } from '#core/errors.ts';
import { houseObjects, slotJob } from '#core/jobs/slot-objects.ts';
import type { JobCluster } from '#core/jobs/slot-sight.ts';
import type { SlotsWanted } from '#core/jobs/slots.ts';
import { jobKey } from '../core/jobs/samples.ts';
import { place, wantedSlots } from '../core/jobs/slot-samples.ts';
import { contract, type Deviations } from './contract.ts';

export function jobClusterContract(
  name: string,
  make: () => JobCluster,
  { image, deviations = {} }: { readonly image?: string; readonly deviations?: Deviations } = {},
): void {
  contract(name, 'the cluster of jobs', deviations, (test) => {
    let cluster: JobCluster;
    let job: string;
    let wanted: SlotsWanted;
    beforeEach(() => {
      cluster = make();
      job = `job-${randomBytes(8).toString('hex')}`;
      const { image: _, ...rest } = wantedSlots();
      // No node is of that pool: what is made never runs.
      wanted = { ...rest, ...jobKey(job), nodePool: 'nowhere' };
    });
    const here = image === undefined ? place : { ...place, workerImage: image };
    const house = () => cluster.apply(houseObjects(wanted, here));
    const slot = (number: number) => slotJob(wanted, here, number, 0);
    const seen = async () => (await cluster.sight(job)).jobs.map(({ metadata }) => metadata.name).sort();

    test('where nothing was applied nothing is there, and nothing is to be removed', async () => {
      expect(await cluster.sight(job)).toEqual({ namespace: 'gone', jobs: [], pods: [], memory: {} });
      await cluster.remove(job);
    });

    test('a namespace is there once it was applied, however often', async () => {
      await house();
      await house();
      expect(await cluster.sight(job)).toEqual({ namespace: 'there', jobs: [], pods: [], memory: {} });
      await cluster.remove(job);
    });

    test('a slot is made once: the second does not take the place of the first', async () => {
      await house();
      await cluster.create(slot(0));
      const [first] = (await cluster.sight(job)).jobs;
      await Promise.all([cluster.create(slot(0)), cluster.create(slot(1)), cluster.create(slot(0))]);
      const { jobs } = await cluster.sight(job);
      expect(await seen()).toEqual(['slot-0-0', 'slot-1-0']);
      expect(jobs.find(({ metadata }) => metadata.name === 'slot-0-0')?.metadata.uid).toBe(
        first?.metadata.uid,
      );
      expect(first?.metadata).toMatchObject({ namespace: job, labels: { 'getschwifty.dev/slot': '0' } });
      await cluster.remove(job);
    });

    test('a slot without a namespace is refused', async () => {
      await expect(cluster.create(slot(0))).rejects.toThrow();
      expect((await cluster.sight(job)).namespace).toBe('gone');
    });

    test('what is ended is what was seen: neither what was made since, nor what is gone', async () => {
      await house();
      await cluster.create(slot(0));
      await cluster.create(slot(1));
      const [one] = (await cluster.sight(job)).jobs;
      if (!one) throw new Error('none is there');
      await cluster.end({ ...one, metadata: { ...one.metadata, uid: 'another' } });
      expect(await seen()).toEqual(['slot-0-0', 'slot-1-0']);
      await cluster.end(one);
      await cluster.end(one);
      expect(await seen()).toEqual(['slot-0-0', 'slot-1-0'].filter((name) => name !== one.metadata.name));
      await cluster.remove(job);
    });

    test('a namespace that is removed leaves, and takes nothing new', async () => {
      await house();
      await cluster.create(slot(0));
      await cluster.remove(job);
      await cluster.remove(job);
      expect((await cluster.sight(job)).namespace).not.toBe('there');
      await expect(cluster.create(slot(1))).rejects.toBeInstanceOf(Rejected);
    });
  });
}
