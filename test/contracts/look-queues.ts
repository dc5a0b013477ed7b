/** What every set of look queues must do: a look reaches the queue of its stage and cluster, when it is due. */
import { beforeEach, expect, vi } from 'vitest';
import { parseEvent } from '#core/aws-events.ts';
import { Rejected } from '#core/errors.ts';
import type { LookQueues } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';
import { keyOf, web } from './samples.ts';

/** Queues of the gate, and of the deployers of two clusters: `main` and `second`. */
export interface LooksWorld {
  readonly looks: LookQueues;
  /** What the queue gave since it was asked last. */
  received(stage: 'gate' | 'deploy', cluster: 'main' | 'second'): Promise<readonly unknown[]>;
  /** Messages that wait for their time. */
  delayed(stage: 'gate' | 'deploy', cluster: 'main' | 'second'): Promise<number>;
}

const look = { kind: 'look', environment: web } as const;
const other = { kind: 'look', environment: keyOf('checkout', 'shop') } as const;

export function lookQueuesContract(
  name: string,
  make: () => Promise<LooksWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the look queues', deviations, (test) => {
    let world: LooksWorld;
    beforeEach(async () => {
      world = await make();
    });
    const got = (...to: Parameters<LooksWorld['received']>) =>
      vi.waitFor(
        async () => {
          const messages = await world.received(...to);
          expect(messages).not.toEqual([]);
          return messages.map(parseEvent);
        },
        { timeout: 20_000, interval: 100 },
      );

    test('a look arrives as stages read it, in its own queue alone', async () => {
      await world.looks.send('deploy', 'second', look, 0);
      await world.looks.send('gate', 'main', other, 0);
      expect(await got('deploy', 'second')).toEqual([look]);
      expect(await got('gate', 'main')).toEqual([other]);
      expect(await world.received('deploy', 'main')).toEqual([]);
    });

    test('one that is due later is not there yet', async () => {
      await world.looks.send('gate', 'main', look, 600);
      await vi.waitFor(async () => expect(await world.delayed('gate', 'main')).toBe(1), { timeout: 20_000 });
      expect(await world.received('gate', 'main')).toEqual([]);
    });

    test('the longest delay of a queue is taken, a longer one is refused', async () => {
      await world.looks.send('gate', 'main', look, 900);
      await expect(world.looks.send('gate', 'main', look, 901)).rejects.toThrow(Rejected);
    });

    test('a cluster without a queue is refused, by name', async () => {
      await expect(world.looks.send('deploy', 'nowhere', look, 0)).rejects.toThrow(
        new Rejected('No queue for looks of deploy in cluster nowhere is configured.'),
      );
    });
  });
}
