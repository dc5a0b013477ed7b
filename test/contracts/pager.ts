/** What every pager must do: a notice reaches who subscribed, whatever is in it. */
import { beforeEach, expect, vi } from 'vitest';
import type { Pager } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';

type Told = Parameters<Pager['tell']>[0];

export interface PagerWorld {
  readonly pager: Pager;
  /** What a subscriber got since it was asked last. */
  received(): Promise<readonly Told[]>;
}

export function pagerContract(
  name: string,
  make: () => Promise<PagerWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the pager', deviations, (test) => {
    let world: PagerWorld;
    beforeEach(async () => {
      world = await make();
    });
    const got = async (count: number) => {
      const notices: Told[] = [];
      await vi.waitFor(
        async () => {
          notices.push(...(await world.received()));
          expect(notices.length).toBeGreaterThanOrEqual(count);
        },
        { timeout: 20_000, interval: 100 },
      );
      return notices;
    };

    test('a notice arrives, with all that it says', async () => {
      const notice = {
        subject: '[OPEN] checkout/web: oom',
        body: { state: 'open', summary: 'Größer als 128Mi ☎' },
      };
      await world.pager.tell(notice);
      expect(await got(1)).toEqual([notice]);
    });

    test('each notice arrives, the same one too', async () => {
      const notice = { subject: '[OPEN] checkout/web: down', body: { state: 'open' } };
      await world.pager.tell(notice);
      await world.pager.tell(notice);
      expect(await got(2)).toEqual([notice, notice]);
    });

    test('a subject that is too long, of two lines, not ASCII or begins with a space stops no notice', async () => {
      const body = { state: 'open' };
      await world.pager.tell({ subject: ` [OPEN] café\n${'x'.repeat(200)}`, body });
      const [notice] = await got(1);
      expect(notice?.body).toEqual(body);
      expect(notice?.subject).toContain('[OPEN] caf');
    });

    test('a long notice arrives whole', async () => {
      const body = { summary: 'x'.repeat(200_000) };
      await world.pager.tell({ subject: 'long', body });
      expect(await got(1)).toEqual([{ subject: 'long', body }]);
    });
  });
}
