/** Results as they lie in S3, read over real connections: more of them than a client has sockets, and connections that break. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Retryable } from '#core/errors.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { mergedAhead, mergeRoom, type Reduce } from '#core/jobs/reduce.ts';
import { JobSpec } from '#core/jobs/spec.ts';
import { reading } from '../../worker/ranges.ts';
import { ResultFeed } from '../../worker/result-feed.ts';
import { timers } from '../../worker/timers.ts';
import { ResultServer } from './result-server.ts';

let server: ResultServer;
beforeEach(async () => {
  server = await ResultServer.start();
});
afterEach(() => server.close());

async function reduced(reduce: Reduce, signal = new AbortController().signal): Promise<string> {
  const spec = JobSpec.parse({
    job: 'j1',
    input: { bucket: 'input' },
    results: { bucket: 'results', prefix: 'jobs/j1/' },
    records: { kind: 'lines' },
    command: ['cat'],
    reduce,
  });
  const feed = new ResultFeed({ spec, objects: server.objects, reading, timers }, signal);
  const blocks: Buffer[] = [];
  // Its memory is used again.
  const read = await feed.read(async (bytes) => void blocks.push(Buffer.from(bytes)));
  const text = Buffer.concat(blocks);
  expect(read).toMatchObject({ from: 0, to: text.length });
  return text.toString();
}
const merge = { kind: 'merge', separator: '\t' } as const;

/** In order within each, and all of them through each other. */
const sorted = (results: number, lines: number, lineBytes: number): string[] =>
  Array.from({ length: results }, (_, i) =>
    Array.from({ length: lines }, (_, line) => {
      const number = String(line * results + ((i * 7919) % results)).padStart(8, '0');
      return `${number} ${'x'.repeat(lineBytes - 10)}\n`;
    }).join(''),
  );
const inOrder = (texts: readonly string[]): string =>
  `${texts
    .flatMap((text) => text.trimEnd().split('\n'))
    .sort()
    .join('\n')}\n`;

it('more of them than a client has connections are merged, by a few', { timeout: 120_000 }, async () => {
  const texts = sorted(60, 500, 2000);
  server.put(texts);
  expect((await reduced(merge)) === inOrder(texts)).toBe(true);
  expect(server.mostOpen).toBeLessThanOrEqual(10);
});

it.each([merge, { kind: 'concatenate' } as const])(
  'connections that break cost what was left: $kind',
  async (reduce) => {
    const texts = sorted(9, 200, 1000);
    server.put(texts);
    let asked = 0;
    // Each second one, also the manifest's; one in three before the first byte.
    server.cut = (bytes) => (++asked % 2 === 0 ? Math.floor((bytes * (asked % 3)) / 4) : undefined);
    expect(await reduced(reduce)).toBe(reduce.kind === 'merge' ? inOrder(texts) : texts.join(''));
    expect(server.cuts).toBeGreaterThanOrEqual(9);
  },
);

it('what never comes whole is ours to try again', async () => {
  server.put(sorted(2, 10, 100));
  server.cut = (bytes) => (bytes === 1000 ? 0 : undefined);
  await expect(reduced(merge)).rejects.toBeInstanceOf(Retryable);
});

it('one that is not in order leaves no answer under way', async () => {
  server.put([...sorted(69, 20, 1000), 'b\na\n']);
  await expect(reduced(merge)).rejects.toThrow('the result of chunk 69 is not in order at its line 2');
  server.put(sorted(70, 20, 1000));
  expect(await reduced(merge)).toBe(inOrder(sorted(70, 20, 1000)));
});

it('lines keep their carriage returns, and the last one of each gets its end', async () => {
  server.put(['a\r\nc', '', 'b\r\nd\r\n']);
  expect(await reduced(merge)).toBe('a\r\nb\r\nc\nd\r\n');
});

it('one that is shorter than what was written fails, and says so', async () => {
  server.put(['a\nb\n', 'c\n']);
  server.results.set('jobs/j1/0/1-0', Buffer.from('a\n'));
  await expect(reduced({ kind: 'concatenate' })).rejects.toThrow(
    new InputFailed('jobs/j1/0/1-0 is shorter than planned'),
  );
});

it('of so many a line has less room, whatever their number all have the same', async () => {
  for (const results of [1, 2, 16, 64, 65, 256]) {
    const { blockBytes, lineBytes } = mergeRoom(results);
    const room = (results + mergedAhead) * blockBytes + results * lineBytes;
    expect(room).toBeLessThanOrEqual(25 * 2 ** 20);
  }
  server.put(sorted(128, 1, 200_000));
  await expect(reduced(merge)).rejects.toThrow(
    'a line of more than 131072 bytes can not be merged with so many results: make larger chunks (chunkMiB)',
  );
});
