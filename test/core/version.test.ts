/** The order of versions: known cases, and that it is an order at all. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '#core/version.ts';

it.each([
  ['1.2.9', '1.2.10'],
  ['1.2', '1.2.1'],
  ['0.9', '1.0'],
  ['1.0rc1', '1.0'],
  ['1.0.0-beta.2', '1.0.0'],
  ['1.0.0-alpha', '1.0.0-beta'],
  ['1.0.0-rc.1', '1.0.0-rc.2'],
  ['3.0.17-1~deb12u1', '3.0.17-1~deb12u2'],
  ['1.0~rc1', '1.0'],
  ['1.0~rc1', '1.0a1'],
  ['1.0~~', '1.0~'],
  ['2.36-9', '2.36-10'],
  ['2.0', '1:1.0'],
  ['1:2.0', '2:1.0'],
  ['9.9', '1!1.0'],
  ['1.0', '1.0.post1'],
  ['1.0.post1', '1.0.post2'],
  ['1.0.post1', '1.0.1'],
  ['1.0.dev1', '1.0a1'],
  ['1.0.dev3', '1.0'],
  ['99999999999999999998', '99999999999999999999999'],
])('%s is below %s', (lower, higher) => {
  expect(compareVersions(lower, higher)).toBeLessThan(0);
  expect(compareVersions(higher, lower)).toBeGreaterThan(0);
});

describe('is an order', () => {
  const versions = fc
    .array(
      fc.constantFrom(
        '0',
        '1',
        '2',
        '10',
        '01',
        '.',
        '-',
        '~',
        'a',
        'rc',
        'deb',
        'post',
        'dev',
        '+',
        ':',
        '!',
      ),
      {
        maxLength: 6,
      },
    )
    .map((parts) => parts.join(''));
  const order = (a: string, b: string) => Math.sign(compareVersions(a, b));

  it('each version is itself', () =>
    fc.assert(
      fc.property(versions, (a) => {
        expect(order(a, a)).toBe(0);
      }),
    ));
  it('one way is the other way turned round', () =>
    fc.assert(
      fc.property(versions, versions, (a, b) => {
        expect(order(a, b) + order(b, a)).toBe(0);
      }),
    ));
  it('what is above a second is above what is below it', () =>
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        const [low, middle, high] = [a, b, c].sort(compareVersions);
        expect(order(low ?? '', middle ?? '')).toBeLessThanOrEqual(0);
        expect(order(middle ?? '', high ?? '')).toBeLessThanOrEqual(0);
        expect(order(low ?? '', high ?? '')).toBeLessThanOrEqual(0);
      }),
      { numRuns: 1000 },
    ));
});
