/** What whoever keeps the demands of jobs must do: each job's last word is found with its cluster, and an earlier one changes nothing. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Demand, Demands } from '#core/jobs/share.ts';
import { JobName } from '#core/jobs/slots.ts';
import { addSeconds, TeamName } from '#core/names.ts';
import { contract, type Deviations } from './contract.ts';

const at = '2026-01-05T10:00:00.000Z';

export function demandsContract(name: string, make: () => Demands, deviations: Deviations = {}): void {
  contract(name, 'the demands of jobs', deviations, (test) => {
    const cluster = () => `c-${randomBytes(4).toString('hex')}`;
    const demand = (of: string, more: Partial<Demand> = {}): Demand => ({
      cluster: of,
      team: TeamName.parse('checkout'),
      name: JobName.parse(`job-${randomBytes(8).toString('hex')}`),
      priority: 'normal',
      workers: 3,
      at,
      ...more,
    });

    test('of a cluster that nobody said anything of there are none', async () => {
      expect(await make().of(cluster())).toEqual([]);
    });

    test('what jobs said is found with their cluster, each as it was said last', async () => {
      const [demands, main, other] = [make(), cluster(), cluster()];
      const [first, second] = [
        demand(main),
        demand(main, { team: TeamName.parse('billing'), priority: 'high' }),
      ];
      for (const one of [first, second, demand(other)]) await demands.say(one);
      const later = { ...first, workers: 0, at: addSeconds(at, 15) };
      await demands.say(later);
      const found = await demands.of(main);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining([later, second]));
    });

    test('what was said earlier and comes later changes nothing; what comes twice is one', async () => {
      const [demands, main] = [make(), cluster()];
      const now = demand(main, { at: addSeconds(at, 15) });
      await demands.say(now);
      await demands.say({ ...now, workers: 9, at });
      await demands.say(now);
      expect(await demands.of(main)).toEqual([now]);
    });
  });
}
