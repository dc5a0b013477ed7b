/** What is on its way before it is asked for: of whose block is the first to end, and never more than has room. */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { comparing, linesOf, mergedLines } from '#core/jobs/merge.ts';
import { Forecast, lastLineOf } from '../../worker/forecast.ts';
import type { Ranged } from '../../worker/ranges.ts';
import { timers } from '../../worker/timers.ts';

const compare = comparing({ kind: 'merge', separator: '\t' });
const signal = new AbortController().signal;

/** Streams that say which of their blocks was asked for, and how many are neither on their way nor given back. */
class Streams {
  readonly asked: string[] = [];
  readonly ranged: readonly Ranged[];
  #out = 0;
  mostOut = 0;

  constructor(texts: readonly string[], wait: (fills: number) => Promise<void> = async () => undefined) {
    this.ranged = texts.map((text, place) => {
      const bytes = Buffer.from(text);
      const fill: Ranged['fill'] = async (from, into) => {
        this.asked.push(`${place}:${from}`);
        this.mostOut = Math.max(this.mostOut, ++this.#out);
        await wait(this.asked.length);
        return bytes.copy(into, 0, from);
      };
      return { key: `${place}`, size: bytes.length, fill };
    });
  }

  /** @param each is told of each line before the next is asked for. */
  async merged(
    blockBytes: number,
    ahead: number,
    each: (line: string) => Promise<void> = async () => undefined,
  ) {
    const forecast = new Forecast(this.ranged, { blockBytes, ahead, compare, signal, timers });
    const counted = async function* (this: Streams, place: number) {
      for await (const { bytes, release } of forecast.blocksOf(place))
        yield {
          bytes,
          release: () => {
            this.#out -= 1;
            release();
          },
        };
    }.bind(this);
    const sources = this.ranged.map(({ key }, place) => ({
      name: key,
      lines: linesOf(counted(place), 1000),
    }));
    const lines: string[] = [];
    for await (const line of mergedLines(sources, { kind: 'merge', separator: '\t' })) {
      const text = Buffer.from(line).toString();
      lines.push(text);
      await each(text);
    }
    return lines;
  }
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => String(from + i).padStart(3, '0'));

it('all lines in order, with no more blocks than there is room for, whenever they come', async () => {
  const lines = fc.array(fc.stringMatching(/^[a-d]{0,12}$/), { maxLength: 30 }).map((all) => all.toSorted());
  await fc.assert(
    fc.asyncProperty(
      fc.array(lines, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1 }),
      async (all, blockBytes, ahead, waits) => {
        const streams = new Streams(all.map(textOf), async (fills) => {
          for (let left = waits[fills % waits.length] ?? 0; left > 0; left--) await turn();
        });
        expect(await streams.merged(blockBytes, ahead)).toEqual(all.flat().toSorted());
        expect(streams.mostOut).toBeLessThanOrEqual(all.length + ahead);
        expect(new Set(streams.asked).size).toBe(streams.asked.length);
      },
    ),
  );
});

it('of streams that come one behind the other, the next block of the one that is read is always on its way', async () => {
  const streams = new Streams([numbers(0, 40), numbers(40, 80), numbers(80, 120)].map(textOf));
  await streams.merged(16, 2, async (line) => {
    for (let i = 0; i < 20; i++) await turn();
    const [place, at] = [Math.floor(Number(line) / 40), Number(line) % 40];
    // Blocks of four lines.
    const next = (Math.floor(at / 4) + 1) * 16;
    if (next < 160) expect(streams.asked).toContain(`${place}:${next}`);
  });
});

it('the stream whose block is the first to end is the first to have its next one on its way', async () => {
  const streams = new Streams([textOf(['b', 'y', 'z']), textOf(['a', 'x', 'z']), textOf(['c', 'd', 'e'])]);
  let asked: readonly string[] = [];
  await streams.merged(4, 1, async () => {
    for (let i = 0; i < 20; i++) await turn();
    if (asked.length === 0) asked = [...streams.asked];
  });
  expect(asked).toEqual(['0:0', '1:0', '2:0', '2:4']);
});

it('what fails ahead fails for who comes to it, in its turn', async () => {
  const streams = new Streams([textOf(numbers(0, 12)), textOf(numbers(3, 6))], async (fills) => {
    if (fills === 4) throw new TypeError('a fault of ours');
  });
  const seen: string[] = [];
  await expect(streams.merged(16, 2, async (line) => void seen.push(line))).rejects.toThrow(
    'a fault of ours',
  );
  expect(seen.at(0)).toBe('000');
  expect(seen.length).toBeGreaterThan(3);
});

it.each([
  ['a\nb\nc', 'b'],
  ['a\nb\n', 'b'],
  ['a\n', 'a'],
  ['end of a\nbegin', 'begin'],
  ['middle', 'middle'],
  ['\n', ''],
  ['\n\n', ''],
])('the last line of %j is %j', (text, line) => {
  expect(Buffer.from(lastLineOf(Buffer.from(text))).toString()).toBe(line);
});
