/** What of a build's output reaches a terminal. */
import { expect, it } from 'vitest';
import { lineOf, streamPrefix } from '#core/build-log.ts';
import { key } from './samples.ts';

const textOf = (message: string): string => lineOf(0, message).text;

it.each([
  ['a plain line\n', 'a plain line'],
  ['\u001b[1;31mred\u001b[0m and \u001b[2Kgone', 'red and gone'],
  ['\u001b]0;a title\u0007then', 'then'],
  ['10 %\r20 %\r', '10 %20 %'],
  ['a\tb\u0000\u009b c', 'a\tb c'],
  ['«größer» – 大', '«größer» – 大'],
])('%j is %j', (message, text) => {
  expect(textOf(message)).toBe(text);
});

it('is cut where nobody reads on', () => {
  const text = textOf('x'.repeat(1_000_000));
  expect(text).toHaveLength(1000 + '… (cut)'.length);
  expect(text.endsWith('x… (cut)')).toBe(true);
});

it('is of its time', () => {
  expect(lineOf(1_700_000_000_123, '').at).toBe('2023-11-14T22:13:20.123Z');
});

it("a build's streams are no other build's", () => {
  expect(streamPrefix(key, 1)).toBe('checkout/web/1/');
  expect(streamPrefix(key, 11).startsWith(streamPrefix(key, 1))).toBe(false);
});
