/** What every bucket must do: no more is taken than it holds, also at once, and it fills up again with time. */
import { beforeEach, expect } from 'vitest';
import type { Buckets } from '#core/request-ports.ts';
import { contract, type Deviations } from './contract.ts';
import { start } from './samples.ts';

let runs = 0;
const rate = { perSecond: 10, burst: 5 };

export function bucketsContract(name: string, make: () => Buckets, deviations: Deviations = {}): void {
  contract(name, 'the buckets', deviations, (test) => {
    let buckets: Buckets;
    let owner: string;
    beforeEach(() => {
      buckets = make();
      owner = `team#contract-${runs++}-${Date.now().toString(36)}`;
    });
    const take = (ms: number, of = owner) =>
      buckets.take(of, rate, new Date(Date.parse(start) + ms).toISOString());
    const many = (count: number, ms: number) => Promise.all(Array.from({ length: count }, () => take(ms)));
    const taken = (waits: readonly (number | undefined)[]) =>
      waits.filter((wait) => wait === undefined).length;

    test('holds its burst, and says how long there is to wait for the next', async () => {
      for (let i = 0; i < 5; i++) expect(await take(0)).toBeUndefined();
      expect(await take(0)).toBe(100);
      expect(await take(60)).toBe(40);
      expect(await take(100)).toBeUndefined();
      expect(await take(100)).toBe(100);
    });

    test('of many at once as many take as it holds', async () => {
      expect(taken(await many(12, 0))).toBe(5);
      expect(taken(await many(12, 300))).toBe(3);
    });

    test('is full after a rest, and no fuller', async () => {
      await many(5, 0);
      expect(taken(await many(12, 3_600_000))).toBe(5);
    });

    test('is one for each owner', async () => {
      await many(5, 0);
      expect(await take(0)).toBe(100);
      expect(await take(0, `${owner}-other`)).toBeUndefined();
    });
  });
}
