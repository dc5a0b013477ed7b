/** docs/operations.md says what shows how each fault ends: a file that is there, and in it a test of that name. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** `a{b,c}d` is `abd` and `acd`. */
const spread = (path: string): string[] => {
  const [, before = '', inner = '', after = ''] = /^(.*?)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return inner === '' ? [path] : inner.split(',').flatMap((each) => spread(`${before}${each}${after}`));
};

/** Paths from the root of the checkout, wherever they stand. */
const path = '(?:core|docs|lib|test)/[\\w./{},-]*[\\w/}]';

/** Of files, and of `"name" in file` or `file ("name")`. */
function quoted(text: string) {
  const files = [...text.matchAll(new RegExp(path, 'g'))].flatMap(([found]) => spread(found));
  const before = [...text.matchAll(new RegExp(`"([^"]+)" in (${path})`, 'g'))].map(
    ([, name = '', file = '']) => ({ name, file }),
  );
  const behind = [...text.matchAll(new RegExp(`(${path}) \\("([^"]+)"\\)`, 'g'))].map(
    ([, file = '', name = '']) => ({ name, file }),
  );
  const names = [...before, ...behind].flatMap(({ name, file }) =>
    spread(file).map((each) => ({ name, file: each })),
  );
  return { files, names };
}

/** Without comments: what only they say is no test. */
const codeOf = (file: string): string =>
  readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');

const missing = (text: string): string[] => {
  const { files, names } = quoted(text);
  return [
    ...files.filter((file) => !existsSync(file)).map((file) => `${file} is not there`),
    ...names
      .filter(({ name, file }) => existsSync(file) && !codeOf(file).includes(name))
      .map(({ name, file }) => `${file} has nothing called "${name}"`),
  ];
};

describe('what docs/operations.md quotes', () => {
  const text = readFileSync('docs/operations.md', 'utf8');

  it('is there', () => {
    expect(quoted(text).files.length).toBeGreaterThan(80);
    expect(quoted(text).names.length).toBeGreaterThan(8);
    expect(missing(text)).toEqual([]);
  });

  it('each fault of the first table has something that shows it', () => {
    const rows = text
      .slice(text.indexOf('## Faults'), text.indexOf('## The local cloud'))
      .match(/^\|.*\|$/gm);
    const [, , ...faults] = rows ?? [];
    expect(faults.length).toBeGreaterThan(50);
    const bare = faults.filter((row) => {
      const [, , , , shown = ''] = row.split('|');
      return quoted(shown).files.length === 0 && !shown.includes('](adr/');
    });
    expect(bare).toEqual([]);
  });

  it('and is missed where it is not', () => {
    expect(missing('"never so" in test/operations.test.ts, test/{nowhere,boundaries}.test.ts')).toEqual([
      'test/nowhere.test.ts is not there',
    ]);
    const name = ['none', 'called', 'so'].join(' ');
    for (const cited of [`"${name}" in test/boundaries.test.ts`, `test/boundaries.test.ts ("${name}")`])
      expect(missing(cited)).toEqual([`test/boundaries.test.ts has nothing called "${name}"`]);
  });
});
