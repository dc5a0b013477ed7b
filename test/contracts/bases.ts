/** What everybody who looks at a base must say: its digest, by its tag or by itself, and nothing of what is gone. */
import { beforeEach, expect } from 'vitest';
import type { BaseImages } from '#core/build-ports.ts';
import type { Digest } from '#core/names.ts';
import { contract, type Deviations } from './contract.ts';
import { digestOf } from './samples.ts';

export interface BasesWorld {
  readonly bases: BaseImages;
  readonly base: { readonly repository: string; readonly tag: string; readonly digest: Digest };
}

export function basesContract(
  name: string,
  make: () => Promise<BasesWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the bases', deviations, (test) => {
    let world: BasesWorld;
    beforeEach(async () => {
      world = await make();
    });

    test('a base is what its tag names, with its size and its time', async () => {
      const { repository, tag, digest } = world.base;
      const sight = await world.bases.look({ repository, tag });
      expect(sight).toMatchObject({ digest, sizeBytes: expect.any(Number) });
      expect(sight?.sizeBytes).toBeGreaterThan(0);
      expect(sight?.pushedAt).toMatch(/^\d{4}-\d\d-\d\dT/);
    });

    test('a base that is named by its digest is that, whatever its tag names', async () => {
      const { repository, digest } = world.base;
      expect(await world.bases.look({ repository, tag: 'moved', digest })).toMatchObject({ digest });
    });

    test('what is not there is nothing', async () => {
      const { repository, tag } = world.base;
      expect(await world.bases.look({ repository, tag: 'none' })).toBeUndefined();
      expect(await world.bases.look({ repository, tag, digest: digestOf('gone') })).toBeUndefined();
      expect(await world.bases.look({ repository: `${repository}-none`, tag })).toBeUndefined();
    });
  });
}
