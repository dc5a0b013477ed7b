/** What whoever keeps the slots of data jobs must do: each side's words come back, and of two who write one has written. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect } from 'vitest';
import { Conflict } from '#core/errors.ts';
import type { JobKey, Slots } from '#core/jobs/slots.ts';
import { addSeconds } from '#core/names.ts';
import { slotsSeen, slotsWanted } from '../core/jobs/samples.ts';
import { contract, type Deviations } from './contract.ts';

export interface SlotsWorld {
  readonly slots: Slots;
  /** The types of the job's events that wait to be told, in their order by name. */
  readonly told: (job: JobKey) => Promise<readonly string[]>;
  /** For how many seconds the looks of `job-slots` wait that were asked for. */
  readonly looks: (job: JobKey) => Promise<readonly number[]>;
}

export function slotsContract(name: string, make: () => SlotsWorld, deviations: Deviations = {}): void {
  contract(name, 'the slots of jobs', deviations, (test) => {
    let world: SlotsWorld;
    let job: string;
    beforeEach(() => {
      world = make();
      job = `job-${randomBytes(8).toString('hex')}`;
    });

    test('what nobody said is not there', async () => {
      expect(await world.slots.wanted(slotsWanted(job))).toBeUndefined();
      expect(await world.slots.seen(slotsSeen(job))).toBeUndefined();
    });

    test('what is wanted and what is seen come back as they were, each with its event', async () => {
      const { slots, told } = world;
      await slots.want(slotsWanted(job));
      await slots.see(slotsSeen(job), true);
      await slots.see({ ...slotsSeen(job), version: 2 }, false);
      expect(await slots.wanted(slotsWanted(job))).toEqual(slotsWanted(job));
      expect(await slots.seen(slotsSeen(job))).toEqual({ ...slotsSeen(job), version: 2 });
      expect(await told(slotsWanted(job))).toEqual(['JobSlotsSeen', 'JobSlotsWanted']);
    });

    test('a later look goes out with what was seen, and none where none is wanted', async () => {
      const { slots, looks } = world;
      const seen = slotsSeen(job);
      const lookAt = (seconds: number) => addSeconds(seen.at, seconds);
      await slots.see({ ...seen, lookAt: lookAt(15) }, false);
      await slots.see({ ...seen, version: 2, lookAt: lookAt(86_400) }, true);
      await slots.see({ ...seen, version: 3 }, true);
      expect(await looks(seen)).toEqual([15, 900]);
    });

    test('who writes upon a version that is not there any more has written nothing', async () => {
      const { slots, told } = world;
      await slots.want(slotsWanted(job));
      await slots.want({ ...slotsWanted(job), version: 2, slots: 1 });
      for (const version of [1, 2, 4])
        await expect(slots.want({ ...slotsWanted(job), version })).rejects.toBeInstanceOf(Conflict);
      for (const version of [2, 3])
        await expect(slots.see({ ...slotsSeen(job), version }, true)).rejects.toBeInstanceOf(Conflict);
      expect(await slots.wanted(slotsWanted(job))).toMatchObject({ version: 2, slots: 1 });
      expect(await told(slotsWanted(job))).toEqual(['JobSlotsWanted', 'JobSlotsWanted']);
    });
  });
}
