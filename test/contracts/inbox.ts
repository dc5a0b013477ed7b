/** What SQS must do for a stage whose message failed: it is hidden for as long as is said, from then on, and then comes again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { contract, type Deviations } from './contract.ts';

export interface InboxWorld {
  readonly eventSourceARN: string;
  send(body: string): Promise<void>;
  /** What is to be seen now, hidden from then on for as long as the queue says, a minute. */
  receive(): Promise<readonly { readonly body: string; readonly receiptHandle: string }[]>;
  comeAgain(record: { eventSourceARN: string; receiptHandle: string }, seconds: number): Promise<void>;
}

export function inboxContract(name: string, make: () => Promise<InboxWorld>, deviations: Deviations = {}) {
  contract(name, 'an inbox', deviations, (test) => {
    const taken = (world: InboxWorld) =>
      vi.waitFor(
        async () => {
          const [one] = await world.receive();
          if (!one) throw new Error('nothing is there');
          return one;
        },
        { timeout: 20_000, interval: 100 },
      );

    test('what failed comes again as soon as is said, and not before', async () => {
      const world = await make();
      const { eventSourceARN } = world;
      await world.send('one');
      const first = await taken(world);
      await world.comeAgain({ eventSourceARN, ...first }, 600);
      await sleep(1500);
      expect(await world.receive()).toEqual([]);
      await world.comeAgain({ eventSourceARN, ...first }, 0);
      const second = await taken(world);
      expect(second.body).toBe('one');
      await world.comeAgain({ eventSourceARN, ...second }, 1);
      expect((await taken(world)).body).toBe('one');
    });
  });
}
