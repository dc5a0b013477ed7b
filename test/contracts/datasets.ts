/** What whoever says what a dataset has must do: each object as it is, in order, and clearly what can't be read. */
import { beforeEach, expect } from 'vitest';
import type { DatasetObject } from '#core/jobs/dataset.ts';
import type { Datasets } from '#core/jobs/job-ports.ts';
import { locationOf } from '#core/jobs/location.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { contract, type Deviations } from './contract.ts';

export interface DatasetsWorld {
  readonly datasets: Datasets;
  readonly bucket: string;
  readonly put: (key: string, bytes: Buffer) => Promise<DatasetObject>;
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
      const all: DatasetObject[] = [];
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

    test('what is not there is said so', async () => {
      await expect(found('no/such.csv')).rejects.toThrow(InputFailed);
      await expect(found('no/such.csv')).rejects.toThrow(/not there/);
    });
  });
}
