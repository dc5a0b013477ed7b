/** What whoever says what a dataset has must do: each object as it is, in order, and clearly what can't be read. */
import { crc32 } from 'node:zlib';
import { beforeEach, expect } from 'vitest';
import type { ListedObject } from '#core/jobs/dataset.ts';
import type { Datasets } from '#core/jobs/job-ports.ts';
import { locationOf } from '#core/jobs/location.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { contract, type Deviations } from './contract.ts';

export interface DatasetsWorld {
  readonly datasets: Datasets;
  readonly bucket: string;
  /** Uploaded in parts, with a checksum of each, and of these. */
  readonly putParts: (key: string, bytes: Buffer) => Promise<ListedObject>;
  /** @param withSum whether the upload asks for a CRC-32 of the whole. */
  readonly put: (key: string, bytes: Buffer, withSum?: boolean) => Promise<ListedObject>;
}

export function datasetsContract(
  name: string,
  make: () => Promise<DatasetsWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'datasets', deviations, (test) => {
    let world: DatasetsWorld;
    beforeEach(async () => {
      world = await make();
    });
    const found = async (path: string) => {
      const all: ListedObject[] = [];
      for await (const object of world.datasets.objects(locationOf(`s3://${world.bucket}/${path}`)))
        all.push(object);
      return all;
    };

    test('an object is itself, and not what its name begins', async () => {
      const object = await world.put('sales/a.ndjson', Buffer.from('{}\n'));
      await world.put('sales/a.ndjson.bak', Buffer.from('x'));
      expect(await found('sales/a.ndjson')).toEqual([object]);
    });

    test('below a prefix are all of them, by their keys, without folders and whatever else begins so', async () => {
      const names = Array.from({ length: 1203 }, (_, i) => `p/${String(i).padStart(5, '0')}`);
      const objects = await Promise.all(names.map((key, i) => world.put(key, Buffer.alloc(i % 3))));
      await world.put('p/', Buffer.alloc(0));
      await world.put('p/00001/', Buffer.alloc(0));
      await world.put('pp/0', Buffer.alloc(1));
      expect(await found('p/')).toEqual(objects);
      expect(await found('nothing/')).toEqual([]);
    });

    test('one that was uploaded with a CRC-32 of all its bytes has it, also below a prefix', async () => {
      const bytes = Buffer.from('{"a":1}\n'.repeat(500));
      const whole = await world.put('sums/a', bytes, true);
      expect(whole.crc32).toBe(crc32(bytes));
      const without = await world.put('sums/b', bytes);
      expect(without).not.toHaveProperty('crc32');
      expect(await found('sums/a')).toEqual([whole]);
      expect(await found('sums/b')).toEqual([without]);
      expect(await found('sums/')).toEqual([whole, without]);
    });

    test('a checksum of checksums is none of the bytes', async () => {
      const object = await world.putParts('parts/a', Buffer.from('{"a":1}\n'.repeat(500)));
      expect(object).not.toHaveProperty('crc32');
      expect(await found('parts/a')).toEqual([object]);
      expect(await found('parts/')).toEqual([object]);
    });

    test('what is not there is said so', async () => {
      await expect(found('no/such.csv')).rejects.toThrow(InputFailed);
      await expect(found('no/such.csv')).rejects.toThrow(/not there/);
    });
  });
}
