/** What every set of DLQs must do: what is held is nobody else's, and is gone only when it was removed. */
import { beforeEach, expect, vi } from 'vitest';
import { Rejected } from '#core/errors.ts';
import type { DeadLetterQueues, HeldMessage } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';

export interface DeadLetterQueuesWorld {
  /** Of two places: `stage`, which has a queue to go back to, and `stream`, which has none. */
  readonly queues: DeadLetterQueues;
  /** Puts a message into the DLQ of `stage`, as a stage that refuses it does. */
  put(body: string, attributes: Readonly<Record<string, string>>): Promise<void>;
  /** The bodies that came to the stage's own queue since it was asked last. */
  resent(): Promise<readonly string[]>;
}

const long = 600;

export function deadLetterQueuesContract(
  name: string,
  make: () => Promise<DeadLetterQueuesWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the DLQs', deviations, (test) => {
    let world: DeadLetterQueuesWorld;
    beforeEach(async () => {
      world = await make();
    });
    const eventually = <T>(look: () => Promise<T | undefined>) =>
      vi.waitFor(
        async () => {
          const found = await look();
          if (found === undefined) throw new Error('not yet');
          return found;
        },
        { timeout: 20_000, interval: 100 },
      );
    const held = (seconds = long): Promise<HeldMessage> =>
      eventually(async () => (await world.queues.receive('stage', seconds))[0]);

    test('a message is read as it came, with what is said of it', async () => {
      await world.put('{"bro\\ken', { reason: 'not valid', source: 'arn' });
      const { id, body, attributes, sentAt, movedBySqs } = await held();
      expect({ body, attributes, movedBySqs }).toEqual({
        body: '{"bro\\ken',
        attributes: { reason: 'not valid', source: 'arn' },
        movedBySqs: false,
      });
      expect(id).not.toBe('');
      expect(new Date(sentAt).toISOString()).toBe(sentAt);
    });

    test('what is held is counted, and not given to anybody else', async () => {
      await world.put('one', {});
      await held();
      expect(await world.queues.receive('stage', long)).toEqual([]);
      expect(await world.queues.count('stage')).toBe(1);
    });

    test('what is given back is there again at once, under another handle', async () => {
      await world.put('one', {});
      const first = await held();
      await world.queues.release('stage', first);
      const second = await held();
      expect(second).toMatchObject({ id: first.id, body: 'one' });
      expect(second.handle).not.toBe(first.handle);
    });

    test('what is removed is gone; what is not is left', async () => {
      await world.put('one', {});
      await world.put('two', {});
      const one = await held();
      await world.queues.remove('stage', one);
      expect(await world.queues.count('stage')).toBe(1);
      expect(await world.queues.count('stream')).toBe(0);
    });

    test('what is sent back comes to its stage as it was, and stays until it is removed', async () => {
      await world.put('{"again": true}', { reason: 'was not there' });
      const one = await held();
      await world.queues.resend('stage', one);
      expect(await eventually(async () => (await world.resent())[0])).toBe('{"again": true}');
      expect(await world.queues.count('stage')).toBe(1);
    });

    test('where there is no queue to go back to, sending back is refused', async () => {
      await world.put('one', {});
      const one = await held();
      await expect(world.queues.resend('stream', one)).rejects.toThrow(Rejected);
      expect(await world.resent()).toEqual([]);
    });

    test('a DLQ that nobody knows is refused', async () => {
      await expect(world.queues.count('elsewhere')).rejects.toThrow(Rejected);
      await expect(world.queues.receive('elsewhere', long)).rejects.toThrow(Rejected);
    });
  });
}
