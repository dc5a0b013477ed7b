/** What every memory of builds must do: the whole record stays, whoever reads the log again. */
import { beforeEach, expect } from 'vitest';
import type { BuildRecords } from '#core/build-ports.ts';
import type { BuildRecord } from '#core/build-record.ts';
import { addSeconds, type EnvironmentKey } from '#core/names.ts';
import { contract, type Deviations } from './contract.ts';
import { keyOf, start } from './samples.ts';

let runs = 0;

export function buildRecordsContract(
  name: string,
  make: () => BuildRecords,
  deviations: Deviations = {},
): void {
  contract(name, 'what is kept of builds', deviations, (test) => {
    let records: BuildRecords;
    let key: EnvironmentKey;
    beforeEach(() => {
      records = make();
      key = keyOf('contract', `r${(runs++).toString(36)}-x${Date.now().toString(36)}`);
    });

    test('of each build its own', async () => {
      expect(await records.read(key, 1)).toBeUndefined();
      await records.keep(key, record(1));
      await records.keep(key, record(11, { left: 3 }));
      expect(await records.read(key, 1)).toEqual(record(1));
      expect(await records.read(key, 11)).toEqual(record(11, { left: 3 }));
      expect(await records.read(keyOf('contract', `${key.name}x`), 1)).toBeUndefined();
    });

    test('what was not whole is written anew, what was is not', async () => {
      const [early, whole, late] = [
        record(1, { isWhole: false, steps: [] }),
        record(1, { readAt: addSeconds(start, 5) }),
        record(1, { readAt: addSeconds(start, 9), isWhole: false, steps: [] }),
      ];
      await records.keep(key, early);
      expect(await records.read(key, 1)).toEqual(early);
      for (const one of [whole, late, early]) {
        await records.keep(key, one);
        expect(await records.read(key, 1)).toEqual(whole);
      }
    });

    test('as many steps as are ever kept', async () => {
      const step = { name: 'ü'.repeat(160), seconds: 1.25, how: 'cached' as const };
      const large = record(2, { steps: Array.from({ length: 200 }, () => step) });
      await records.keep(key, large);
      expect(await records.read(key, 2)).toEqual(large);
    });
  });
}

const record = (number: number, parts: Partial<BuildRecord> = {}): BuildRecord => ({
  number,
  readAt: start,
  steps: [{ name: '[1/2] FROM debian', seconds: 0.5, how: 'done' }],
  left: 0,
  isWhole: true,
  ...parts,
});
