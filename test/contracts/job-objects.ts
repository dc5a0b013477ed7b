/** What every store of a job's objects must do: a range is of the object that was planned, or it is an error. */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { beforeEach, expect } from 'vitest';
import type { DatasetObject } from '#core/jobs/dataset.ts';
import { InputFailed, type JobObjects } from '#core/jobs/ports.ts';
import { contract, type Deviations } from './contract.ts';

export interface JobObjectsWorld {
  readonly objects: JobObjects;
  readonly put: (key: string, bytes: Buffer) => Promise<DatasetObject>;
  readonly remove: (key: string) => Promise<void>;
  /** Undefined where it is not there. */
  readonly result: (key: string) => Promise<Buffer | undefined>;
  /** Keys of uploads that are neither finished nor aborted. */
  readonly unfinished: () => Promise<readonly string[]>;
}

const MiB = 2 ** 20;

export function jobObjectsContract(
  name: string,
  make: () => Promise<JobObjectsWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the objects of a job', deviations, (test) => {
    let world: JobObjectsWorld;
    beforeEach(async () => {
      world = await make();
    });
    const { signal } = new AbortController();
    const gathered = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
      const parts: Uint8Array[] = [];
      for await (const bytes of stream) parts.push(Buffer.from(bytes));
      return Buffer.concat(parts);
    };
    const read = async (object: DatasetObject, from: number, to: number) =>
      gathered(await world.objects.read(object, from, to, signal));

    test('ranges are the bytes that were put', async () => {
      const bytes = randomBytes(300_000);
      const object = await world.put('data/é 1+2.bin', bytes);
      for (const [from, to] of [
        [0, 300_000],
        [0, 1],
        [299_999, 300_000],
        [1000, 200_000],
      ] as const) {
        expect((await read(object, from, to)).equals(bytes.subarray(from, to))).toBe(true);
        const into = Buffer.alloc(to - from);
        expect(await world.objects.fill(object, from, into, signal)).toBe(into.length);
        expect(into.equals(bytes.subarray(from, to))).toBe(true);
      }
    });

    test('an object that changed, is gone or is too short is no input', async () => {
      const object = await world.put('a', Buffer.from('one'));
      await expect(read({ ...object, size: 9 }, 5, 9)).rejects.toBeInstanceOf(InputFailed);
      const filled = world.objects.fill({ ...object, size: 9 }, 5, Buffer.alloc(4), signal);
      await expect(filled).rejects.toBeInstanceOf(InputFailed);
      await world.put('a', Buffer.from('two'));
      await expect(read(object, 0, 3)).rejects.toBeInstanceOf(InputFailed);
      await world.remove('a');
      await expect(read(object, 0, 3)).rejects.toBeInstanceOf(InputFailed);
    });

    test('a result is there when it is finished, and not before', async () => {
      for (const size of [0, 10, 5 * MiB, 20 * MiB + 17]) {
        const key = `jobs/j1/1/${size}`;
        const bytes = randomBytes(size);
        const upload = world.objects.begin(key);
        for (let at = 0; at < size; at += 300_000) {
          // The memory is used again as soon as it is taken.
          const some = Buffer.from(bytes.subarray(at, at + 300_000));
          await upload.write(some);
          some.fill(0);
        }
        expect(await world.result(key)).toBeUndefined();
        expect(await upload.finish()).toEqual({ bytes: size, crc32: crc32(bytes) });
        expect((await world.result(key))?.equals(bytes)).toBe(true);
        expect((await gathered(await world.objects.result(key, signal))).equals(bytes)).toBe(true);
        const end = Buffer.alloc(Math.min(size, 100_000));
        if (size === 0) continue;
        expect(await world.objects.fillResult(key, size - end.length, end, signal)).toBe(end.length);
        expect(end.equals(bytes.subarray(size - end.length))).toBe(true);
      }
      expect(await world.unfinished()).toEqual([]);
    });

    test('a result that is not there, or too short, can not be read', async () => {
      await world.objects.begin('jobs/j1/4/a').finish();
      const into = Buffer.alloc(4);
      await expect(world.objects.fillResult('jobs/j1/4/a', 0, into, signal)).rejects.toThrow(InputFailed);
      await expect(world.objects.fillResult('jobs/j1/4/b', 0, into, signal)).rejects.toThrow(InputFailed);
      await expect(world.objects.result('jobs/j1/4/b', signal)).rejects.toThrow(InputFailed);
    });

    test('of an aborted result nothing stays', async () => {
      for (const size of [10, 20 * MiB]) {
        const upload = world.objects.begin('jobs/j1/2/a');
        await upload.write(Buffer.alloc(size));
        await upload.abort();
      }
      expect(await world.unfinished()).toEqual([]);
      expect(await world.result('jobs/j1/2/a')).toBeUndefined();
    });

    test('uploads of who is gone are swept, those of other chunks are not', async () => {
      for (const key of ['jobs/j1/3/1-0', 'jobs/j1/3/2-0', 'jobs/j1/33/1-0'])
        await world.objects.begin(key).write(Buffer.alloc(9 * MiB));
      await world.objects.sweep('jobs/j1/3/');
      expect(await world.unfinished()).toEqual(['jobs/j1/33/1-0']);
      await world.objects.sweep('jobs/j1/');
      expect(await world.unfinished()).toEqual([]);
    });
  });
}
