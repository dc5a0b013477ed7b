/** What every builder must do: a base by its digest, one build however often it is asked for, and how it ended. */
import { beforeEach, expect, vi } from 'vitest';
import type { ImageBuilder } from '#core/build-ports.ts';
import { Digest } from '#core/names.ts';
import { contract, type Deviations } from './contract.ts';
import { digestOf, keyOf } from './samples.ts';

export interface BuilderWorld {
  readonly builder: ImageBuilder;
  /** What the registry has as a base. */
  readonly base: { readonly repository: string; readonly tag: string; readonly reference: string };
  /** Ends a build before its time. */
  stop(id: string): Promise<void>;
}

let runs = 0;
const context = { Dockerfile: 'FROM nothing\n', 'files/app.py': 'print("hello")\n' };

export function builderContract(
  name: string,
  make: () => Promise<BuilderWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the image builder', deviations, (test) => {
    let world: BuilderWorld;
    let key: ReturnType<typeof keyOf>;
    beforeEach(async () => {
      world = await make();
      key = keyOf('checkout', `b${(runs++).toString(36)}-x${Date.now().toString(36)}`);
    });
    const start = (number: number) => world.builder.start({ key, number, context });

    test('a base is a reference with the digest that its tag names now', async () => {
      const { repository, tag, reference } = world.base;
      expect(await world.builder.resolveBase({ repository, tag })).toBe(reference);
      expect(reference).toMatch(/@sha256:[0-9a-f]{64}$/);
    });

    test('a base that is named by its digest is that, whatever the tag names', async () => {
      const { repository, reference } = world.base;
      const pinned = (digest: string) => ({ repository, tag: 'moved', digest: Digest.parse(digest) });
      const [, digest = ''] = reference.split('@');
      expect(await world.builder.resolveBase(pinned(digest))).toBe(reference);
      expect(await world.builder.resolveBase(pinned(digestOf('gone')))).toBeUndefined();
    });

    test('a base that is not there is none', async () => {
      const { repository, tag } = world.base;
      expect(await world.builder.resolveBase({ repository, tag: `${tag}-none` })).toBeUndefined();
      expect(await world.builder.resolveBase({ repository: `${repository}-none`, tag })).toBeUndefined();
    });

    test('a build that is asked for twice is one build, at once or one after the other', async () => {
      const [first, second] = await Promise.all([start(1), start(1)]);
      const third = await start(1);
      await world.stop(first);
      expect([second, third]).toEqual([first, first]);
    });

    test('another number is another build', async () => {
      const ids = [await start(1), await start(2)];
      for (const id of ids) await world.stop(id);
      expect(new Set(ids).size).toBe(2);
    });

    test('a build that runs has not ended; one that was stopped has failed, and says how', async () => {
      const id = await start(1);
      expect(await world.builder.status(id)).toEqual({ ended: false });
      await world.stop(id);
      await vi.waitFor(async () => {
        const status = await world.builder.status(id);
        expect(status).toMatchObject({ ended: true, failure: expect.stringMatching(/STOPPED/) });
      });
    });

    test('a build that nobody knows has failed', async () => {
      expect(await world.builder.status('images:00000000-0000-4000-8000-000000000000')).toMatchObject({
        ended: true,
        failure: expect.stringMatching(/know/),
      });
    });
  });
}
