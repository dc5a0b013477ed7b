/** What every maker and remover of repositories must do: all three or none are there, however often they are asked. */
import { beforeEach, expect } from 'vitest';
import { repositoryOf } from '#core/image.ts';
import type { EnvironmentKey } from '#core/names.ts';
import type { RepositoryMaker, RepositoryRemover } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';
import { keyOf } from './samples.ts';

export interface RepositoriesWorld {
  readonly maker: RepositoryMaker;
  readonly remover: RepositoryRemover;
  readonly isThere: (repository: string) => Promise<boolean>;
}
const kinds = ['candidate', 'cache', 'release'] as const;
let runs = 0;

export function repositoriesContract(
  name: string,
  make: () => Promise<RepositoriesWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the repositories', deviations, (test) => {
    let world: RepositoriesWorld;
    let key: EnvironmentKey;
    beforeEach(async () => {
      world = await make();
      key = keyOf('contract', `r${(runs++).toString(36)}-${Date.now().toString(36)}`);
    });
    const there = (of = key) => Promise.all(kinds.map((kind) => world.isThere(repositoryOf(kind, of))));

    test('made, they are there; made again, nothing happens', async () => {
      expect(await there()).toEqual([false, false, false]);
      await world.maker.make(key);
      await world.maker.make(key);
      expect(await there()).toEqual([true, true, true]);
      await world.remover.remove(key);
    });

    test('made by two at once, they are there', async () => {
      await Promise.all([world.maker.make(key), world.maker.make(key)]);
      expect(await there()).toEqual([true, true, true]);
      await world.remover.remove(key);
    });

    test('removed, they are gone, and those of others are not; removed again, nothing happens', async () => {
      const other = keyOf('contract', `${key.name}-b`);
      await world.maker.make(key);
      await world.maker.make(other);
      await world.remover.remove(key);
      await world.remover.remove(key);
      expect(await there()).toEqual([false, false, false]);
      expect(await there(other)).toEqual([true, true, true]);
      await world.remover.remove(other);
    });
  });
}
