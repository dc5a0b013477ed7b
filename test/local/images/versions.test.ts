// The comparators against those who define the order: dpkg itself, Python's `packaging`, and SemVer's own examples.
import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDebian } from '#local/images/scanner/versions/dpkg.ts';
import { comparePython } from '#local/images/scanner/versions/pep440.ts';
import { compareSemver } from '#local/images/scanner/versions/semver.ts';

const sign = (value: number) => Math.sign(value) + 0;

function isSorted(versions: readonly string[], compare: (a: string, b: string) => number) {
  for (const [i, left] of versions.entries()) {
    for (const [j, right] of versions.entries()) {
      expect(sign(compare(left, right)), `${left} against ${right}`).toBe(sign(i - j));
    }
  }
}

describe('Debian', () => {
  const part = fc.stringMatching(/^[0-9][0-9a-zA-Z.+~]{0,7}$/);
  const version = fc
    .tuple(
      fc.option(fc.nat(3), { nil: undefined }),
      part,
      fc.option(fc.stringMatching(/^[0-9a-z.+~]{1,6}$/), { nil: undefined }),
    )
    .map(
      ([epoch, upstream, revision]) =>
        `${epoch === undefined ? '' : `${epoch}:`}${upstream}${revision === undefined ? '' : `-${revision}`}`,
    );

  test('knows the order of real versions', () => {
    isSorted(
      ['2.36-9~bpo1', '2.36-9', '2.36-9+deb12u3', '2.36-9+deb12u10', '2.36-10', '1:0.1-1'],
      compareDebian,
    );
    isSorted(['3.0.11-1~deb12u1', '3.0.11-1~deb12u2', '3.0.11-1', '3.0.22-1~deb12u2'], compareDebian);
    expect(compareDebian('0:1.0', '1.0-0')).toBe(0);
    expect(compareDebian('20230101120000000001', '20230101120000000002')).toBeLessThan(0);
    expect(() => compareDebian('1 0', '1')).toThrow('«1 0» is no Debian version');
  });

  test('agrees with dpkg', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const holds = (operator: string) =>
          spawnSync('dpkg', ['--compare-versions', a, operator, b]).status === 0;
        const expected = holds('lt') ? -1 : holds('gt') ? 1 : 0;
        return sign(compareDebian(a, b)) === expected;
      }),
      { numRuns: 300 },
    );
  }, 30_000);
});

describe('PyPI', () => {
  const number = fc.nat(12).map(String);
  const version = fc
    .record({
      epoch: fc.constantFrom('', '', '1!'),
      release: fc.array(number, { minLength: 1, maxLength: 4 }),
      pre: fc.constantFrom('', '', 'a', 'b1', 'rc2', '-alpha.1', '.c3', 'PREVIEW'),
      post: fc.constantFrom('', '', '.post1', '-2', 'rev', '.post'),
      dev: fc.constantFrom('', '', '.dev0', 'dev3', '.dev'),
      local: fc.constantFrom('', '', '+abc', '+1', '+1.2', '+ubuntu.1'),
    })
    .map(
      ({ epoch, release, pre, post, dev, local }) =>
        `${epoch}${release.join('.')}${pre}${post}${dev}${local}`,
    );

  test("keeps PEP 440's own order", () => {
    isSorted(
      [
        '1.dev0',
        '1.0.dev456',
        '1.0a1',
        '1.0a2.dev456',
        '1.0a12.dev456',
        '1.0a12',
        '1.0b1.dev456',
        '1.0b2',
        '1.0b2.post345.dev456',
        '1.0b2.post345',
        '1.0rc1.dev456',
        '1.0rc1',
        '1.0',
        '1.0+abc.5',
        '1.0+abc.7',
        '1.0+5',
        '1.0.post456.dev34',
        '1.0.post456',
        '1.0.15',
        '1.1.dev1',
        '1!0.1',
      ],
      comparePython,
    );
    expect(comparePython('1.0', 'v1.0.0')).toBe(0);
    expect(() => comparePython('2004d-final', '1')).toThrow('is no Python version');
  });

  test("agrees with Python's packaging", () => {
    const pairs = fc.sample(fc.tuple(version, version), 2000);
    const script = `
import json, sys
try:
    from packaging.version import Version
except ImportError:
    from pip._vendor.packaging.version import Version
print(json.dumps([(Version(a) > Version(b)) - (Version(a) < Version(b)) for a, b in json.load(sys.stdin)]))`;
    const expected: unknown = JSON.parse(
      execFileSync('python3', ['-c', script], { input: JSON.stringify(pairs) }).toString(),
    );
    const actual = pairs.map(([a, b]) => sign(comparePython(a, b)));
    expect(pairs.map((pair, i) => [...pair, actual[i]])).toEqual(
      pairs.map((pair, i) => [...pair, Array.isArray(expected) ? expected[i] : undefined]),
    );
  });
});

describe('npm', () => {
  test("keeps SemVer's own order", () => {
    isSorted(
      [
        '1.0.0-alpha',
        '1.0.0-alpha.1',
        '1.0.0-alpha.beta',
        '1.0.0-beta',
        '1.0.0-beta.2',
        '1.0.0-beta.11',
        '1.0.0-rc.1',
        '1.0.0',
        '1.2.5',
        '1.2.6',
        '1.10.0',
        '2.0.0',
      ],
      compareSemver,
    );
    expect(compareSemver('1.0.0+build.1', '1.0.0')).toBe(0);
    expect(() => compareSemver('1.0', '1.0.0')).toThrow('is no npm version');
  });
});
