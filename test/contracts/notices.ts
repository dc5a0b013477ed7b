/** What every memory of notices must do: each is told by one, and once. */
import { beforeEach, expect } from 'vitest';
import type { Notice } from '#core/incident.ts';
import { addSeconds } from '#core/names.ts';
import type { Notices } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';
import { start, web } from './samples.ts';

let runs = 0;

export function noticesContract(name: string, make: () => Notices, deviations: Deviations = {}): void {
  contract(name, 'the notices', deviations, (test) => {
    let notices: Notices;
    let notice: Notice;
    beforeEach(() => {
      notices = make();
      const id = `checkout/web/oom/${runs++}-${Date.now().toString(36)}`;
      const incident = { id, kind: 'oom', openedAt: start, lastSeenAt: start, summary: 'killed' } as const;
      notice = { state: 'open', incident, at: start, lookAt: start };
    });
    const at = (seconds: number) => addSeconds(start, seconds);
    const take = (one: Notice, seconds: number) => notices.take(web, one, at(seconds), at(seconds + 60));

    test('who comes first has it, until the time is up', async () => {
      expect(await take(notice, 0)).toBe('yours');
      expect(await take(notice, 59)).toBe('taken');
      expect(await take(notice, 60)).toBe('yours');
    });

    test('of many at once one has it', async () => {
      const taken = await Promise.all([0, 0, 0, 0, 0].map((seconds) => take(notice, seconds)));
      expect(taken.sort()).toEqual(['taken', 'taken', 'taken', 'taken', 'yours']);
    });

    test('what was told stays told', async () => {
      await take(notice, 0);
      await notices.told(web, notice, at(1));
      expect(await take(notice, 2)).toBe('told');
      expect(await take(notice, 10_000)).toBe('told');
    });

    test('an end is a notice of its own, and so is each incident', async () => {
      await take(notice, 0);
      await notices.told(web, notice, at(1));
      expect(await take({ ...notice, state: 'recovered' }, 2)).toBe('yours');
      const other = { ...notice.incident, id: `${notice.incident.id}-next` };
      expect(await take({ ...notice, incident: other }, 3)).toBe('yours');
    });
  });
}
