/** What every promoter must do: a digest is copied whole, or not at all and it is said why. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Rejected } from '#core/errors.ts';
import { releaseTag } from '#core/image.ts';
import type { Digest } from '#core/names.ts';
import type { ImagePromoter } from '#core/ports.ts';
import { digestOf } from './samples.ts';

/** A registry as a test sees it: two repositories, the second with immutable tags. */
export interface PromoterWorld {
  readonly promoter: ImagePromoter;
  readonly from: string;
  readonly to: string;
  /** Pushes an image made of `content` under a tag. @returns its digest. */
  push(repository: string, tag: string, content: string): Promise<Digest>;
  digestOf(repository: string, tag: string): Promise<Digest | undefined>;
  remove(repository: string, digest: Digest): Promise<void>;
}

export function promoterContract(name: string, make: () => Promise<PromoterWorld>): void {
  describe(`${name} keeps the promoter's contract`, () => {
    let world: PromoterWorld;
    beforeEach(async () => {
      world = await make();
    });
    const copy = (digest: Digest, tag = releaseTag(digest)) =>
      world.promoter.copy(world.from, world.to, digest, tag);

    test('the digest is in the other repository under its tag; twice is once', async () => {
      const digest = await world.push(world.from, 'build-1', 'one');
      await copy(digest);
      await copy(digest);
      expect(await world.digestOf(world.to, releaseTag(digest))).toBe(digest);
    });

    test('a digest is copied whatever its tag names by now', async () => {
      const digest = await world.push(world.from, 'build-1', 'one');
      const other = await world.push(world.from, 'build-1', 'two');
      await copy(digest);
      expect(await world.digestOf(world.to, releaseTag(digest))).toBe(digest);
      expect(await world.digestOf(world.to, releaseTag(other))).toBeUndefined();
    });

    test('an image that is gone is refused', async () => {
      const digest = await world.push(world.from, 'build-1', 'gone');
      await world.remove(world.from, digest);
      await expect(copy(digest)).rejects.toThrow(Rejected);
      await expect(copy(digestOf('never pushed'))).rejects.toThrow(/no longer in the registry/);
    });

    test('a tag that names another digest is not moved', async () => {
      const one = await world.push(world.from, 'build-1', 'one');
      const two = await world.push(world.from, 'build-2', 'two');
      await copy(one, 'r-same');
      await expect(copy(two, 'r-same')).rejects.toThrow(Rejected);
      expect(await world.digestOf(world.to, 'r-same')).toBe(one);
    });
  });
}
