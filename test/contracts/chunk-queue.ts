/** What every queue of chunks must do. */
import { beforeEach, expect } from 'vitest';
import type { ChunkMessage } from '#core/jobs/messages.ts';
import { type ChunkQueue, type Delivery, NoChunk } from '#core/jobs/ports.ts';
import { chunk } from '../core/jobs/samples.ts';
import { contract, type Deviations } from './contract.ts';

export interface ChunkQueueWorld {
  readonly queue: ChunkQueue;
  /** Past the queue's own `send`. */
  readonly put: (body: string) => Promise<void>;
}

export function chunkQueueContract(
  name: string,
  make: () => Promise<ChunkQueueWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the queue of a job', deviations, (test) => {
    let world: ChunkQueueWorld;
    beforeEach(async () => {
      world = await make();
    });
    const { signal } = new AbortController();
    const message = (i: number): ChunkMessage => ({ job: 'j1', chunk: { ...chunk, id: String(i) } });
    const all = async (): Promise<Delivery[]> => {
      const found: Delivery[] = [];
      for (let one = await world.queue.receive(1, signal); one; one = await world.queue.receive(1, signal))
        found.push(one);
      return found;
    };

    test('nothing comes of an empty queue, and nothing to who wants nothing more', async () => {
      expect(await world.queue.receive(1, signal)).toBeUndefined();
      expect(await world.queue.receive(20, AbortSignal.abort())).toBeUndefined();
    });

    test('each chunk comes whole, however many were sent at once', async () => {
      const sent = Array.from({ length: 25 }, (_, i) => message(i));
      await world.queue.send(sent);
      const ids = (await all()).map(({ message }) => Number(message.chunk.id));
      expect(ids.sort((a, b) => a - b)).toEqual(sent.map((_, i) => i));
    });

    test('what is in work is hidden, comes at once when it is given back, and never again when it is removed', async () => {
      await world.queue.send([message(1)]);
      const [first] = await all();
      if (first === undefined) throw new Error('nothing came');
      expect(first.message).toEqual(message(1));
      await world.queue.hide(first.receipt, 0);
      const [again] = await all();
      if (again === undefined) throw new Error('it did not come again');
      await world.queue.hide(again.receipt, 30);
      expect(await all()).toEqual([]);
      await world.queue.remove(again.receipt);
      expect(await all()).toEqual([]);
    });

    test('what is no chunk is refused with its reason, comes again, and never when it is removed', async () => {
      const refused = async (): Promise<NoChunk> => {
        const error = await world.queue.receive(1, signal).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (error instanceof NoChunk) return error;
        throw new Error('it was taken', { cause: error });
      };
      await world.put('{"job":"j1"}');
      const first = await refused();
      expect(first.message).toMatch(/^message \S+ is not valid: chunk: /);
      await world.queue.hide(first.receipt, 0);
      const again = await refused();
      await world.queue.remove(again.receipt);
      await world.put('no JSON');
      const other = await refused();
      expect(other.message).toMatch(/is not JSON/);
      await world.queue.remove(other.receipt);
      expect(await world.queue.receive(1, signal)).toBeUndefined();
    });
  });
}
