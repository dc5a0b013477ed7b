/** The pass over CSV reads what it must and no more: what was found before is taken, while the object and its cuts are the same. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryJobObjects } from '#adapters/memory/job-objects.ts';
import { quotesBelow } from '#core/jobs/job-files.ts';
import { planChunks } from '#core/jobs/plan.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { TeamName } from '#core/names.ts';
import { passesBefore } from '#lambdas/jobs/passes-before.ts';
import { passOver } from '#lambdas/jobs/quotes.ts';

const [checkout, other] = [TeamName.parse('checkout'), TeamName.parse('other')];
const [a, b] = ['1,"x\ny"\n'.repeat(100), 'ab"\n'.repeat(99)];
let objects: MemoryJobObjects;
let reads: string[];
beforeEach(() => {
  objects = new MemoryJobObjects();
  reads = [];
  const { read } = objects;
  objects.read = (...asked) => {
    reads.push(asked[0].key);
    return read.apply(objects, asked);
  };
});

async function passed(texts: Readonly<Record<string, string>>, chunkBytes = 100, team = checkout) {
  reads = [];
  const listed = Object.entries(texts).map(([key, text]) => objects.put(key, Buffer.from(text)));
  const records = { kind: 'csv' } as const;
  const plan = planChunks({ objects: listed, records, compression: 'none', chunkBytes });
  const pass = await passOver(objects, plan, passesBefore(objects, team, 'lake'));
  return { bytes: pass.bytes, quoted: await pass.run() };
}

/** Of each chunk, by all that is before it. */
function counted(texts: Readonly<Record<string, string>>, chunkBytes: number): boolean[] {
  return Object.values(texts).flatMap((text) => {
    const bytes = Buffer.from(text);
    const starts = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, i) => i * chunkBytes);
    return starts.map((start) => bytes.subarray(0, start).filter((byte) => byte === 0x22).length % 2 === 1);
  });
}

it('says of each chunk whether it begins between quotes, the first time and the second', async () => {
  const text = fc
    .array(fc.constantFrom('"', '""', '\n', 'a', 'é', ','), { minLength: 1, maxLength: 60 })
    .map((some) => some.join(''));
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(text, text),
      fc.integer({ min: 1, max: 30 }),
      async ([one, two], chunkBytes) => {
        const texts = { one, two };
        const expected = counted(texts, chunkBytes);
        expect((await passed(texts, chunkBytes)).quoted).toEqual(expected);
        expect(await passed(texts, chunkBytes)).toEqual({ bytes: 0, quoted: expected });
      },
    ),
  );
});

describe('what was read over before', () => {
  it('is not read again', async () => {
    const first = await passed({ a, b });
    expect(first).toMatchObject({ bytes: 700 + 300 });
    expect(reads).toHaveLength(10);
    expect(await passed({ a, b })).toEqual({ bytes: 0, quoted: first.quoted });
    expect(reads).toEqual([]);
  });

  it('is read again where it was written since, and nothing else is', async () => {
    await passed({ a, b });
    const changed = { a, b: `"${b.slice(1)}` };
    expect((await passed(changed)).quoted).toEqual(counted(changed, 100));
    expect(new Set(reads)).toEqual(new Set(['b']));
  });

  it('is read again where it is cut otherwise, or of another team', async () => {
    await passed({ a });
    expect((await passed({ a }, 90)).quoted).toEqual(counted({ a }, 90));
    expect(reads.length).toBeGreaterThan(0);
    await passed({ a }, 100, other);
    expect(reads.length).toBeGreaterThan(0);
  });

  it('is read again where what was kept says nothing, which is then written over', async () => {
    const { quoted } = await passed({ a });
    const [key = ''] = objects.results.keys();
    for (const broken of ['', 'true\n', 'nonsense\n', '"true"\n'.repeat(7)]) {
      objects.results.set(key, Buffer.from(broken));
      expect(await passed({ a })).toEqual({ bytes: 700, quoted });
      expect(await passed({ a })).toEqual({ bytes: 0, quoted });
    }
  });

  it('is kept object by object, also where the pass came to no end', async () => {
    const { read } = objects;
    objects.read = async (object, ...rest) => {
      if (object.key !== 'b') return read(object, ...rest);
      while (objects.results.size === 0) await nextTurn();
      throw new InputFailed('b is not there any more');
    };
    await expect(passed({ a, b })).rejects.toThrow(InputFailed);
    objects.read = read;
    await passed({ a, b });
    expect(new Set(reads)).toEqual(new Set(['b']));
  });

  it('is not looked for where there are too many objects: that it is too long is said at once', async () => {
    objects.result = () => Promise.reject(new Error('it was looked for'));
    const listed = Array.from({ length: 10_001 }, (_, i) => ({ key: `${i}`, size: 2, etag: '"e"' }));
    const records = { kind: 'csv' } as const;
    const plan = planChunks({ objects: listed, records, compression: 'none', chunkBytes: 1 });
    expect((await passOver(objects, plan, passesBefore(objects, checkout, 'lake'))).bytes).toBe(10_001);
  });

  it("is in the team's folder, and in no job's", async () => {
    await passed({ a });
    expect([...objects.results.keys()]).toEqual([
      expect.stringMatching(new RegExp(`^${quotesBelow(checkout)}[0-9a-f]{64}\\.ndjson$`)),
    ]);
  });
});
