/** What every queue of sights keeps: all that is sent arrives as it was, and what is not taken is said, one by one. */
import { describe, expect, it } from 'vitest';
import type { Sights } from '#core/ports.ts';
import type { Alive, Seen } from '#core/seen.ts';
import { keyOf } from './samples.ts';

export interface SightsUnderTest {
  readonly sights: Sights;
  /** All that arrived, in any order. */
  readonly arrived: () => Promise<readonly unknown[]>;
}

const seen = (n: number): Seen => ({
  kind: 'seen',
  environment: keyOf('checkout', `e${n}`),
  cluster: 'main',
  facts: ['oom', 'ready'],
});
const alive: Alive = { kind: 'alive', cluster: 'main' };
const byName = (messages: readonly unknown[]) => messages.map((it) => JSON.stringify(it)).sort();

export function sightsContract(name: string, make: () => Promise<SightsUnderTest>): void {
  describe(`sights: ${name}`, () => {
    it('takes ten at once, of both kinds, as they are', async () => {
      const { sights, arrived } = await make();
      const messages = [...Array.from({ length: 9 }, (_, i) => seen(i)), alive];
      expect(await sights.send(messages)).toEqual(messages.map(() => undefined));
      expect(byName(await arrived())).toEqual(byName(messages));
    });

    it('takes nothing for nothing', async () => {
      const { sights, arrived } = await make();
      expect(await sights.send([])).toEqual([]);
      expect(await arrived()).toEqual([]);
    });
  });
}
