/** A fix of a package of npm that came along: what the lock wants of it then. The shell's words are run by a shell, npm's own by none. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dockerfile } from '#core/dockerfile.ts';
import { Spec } from '#core/spec.ts';
import { digest, key } from './samples.ts';

interface Entry {
  readonly version?: string;
  readonly inBundle?: boolean;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}
type Tree = Readonly<Record<string, Entry>>;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'npm-mend-'));
  mkdirSync(join(folder, 'opt/node_modules'), { recursive: true });
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/npm'), `#!/bin/sh\necho "$*" >> ${folder}/asked\n`);
  chmodSync(join(folder, 'bin/npm'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The part of the instruction that brings the fixes. */
function wordsOf(asked: readonly string[], fixes: Readonly<Record<string, string>>): string {
  const made = dockerfile({
    spec: Spec.parse({
      base: 'debian-12',
      command: ['true'],
      packages: { npm: asked.map((name) => ({ name })) },
    }),
    baseImage: `base/debian@${digest(1)}`,
    ...{ takes: ['apt', 'npm'], key, epoch: '2026-11-19' },
    fixes: Object.entries(fixes).map(([name, version]) => ({
      manager: 'npm' as const,
      package: name,
      version,
    })),
  });
  const line = made.split('\n').find((each) => each.includes('npm update')) ?? '';
  const from = line.lastIndexOf("node -e '", line.indexOf('npm update'));
  const [words = ''] = line.slice(from).split(' && { ');
  return words.replaceAll('/opt/npm', `${folder}/opt`);
}

/** @returns the lock as npm finds it when it is asked. */
function mended(packages: Tree, fixes: Readonly<Record<string, string>>): Record<string, Entry> {
  const file = join(folder, 'opt/package-lock.json');
  writeFileSync(file, JSON.stringify({ lockfileVersion: 2, packages, dependencies: { old: {} } }));
  writeFileSync(join(folder, 'opt/node_modules/.package-lock.json'), '{}');
  const { status, stderr } = spawnSync('sh', ['-c', wordsOf(['a'], fixes)], {
    encoding: 'utf8',
    env: { PATH: `${folder}/bin:${process.env['PATH']}` },
  });
  expect(status, stderr).toBe(0);
  expect(existsSync(join(folder, 'opt/node_modules/.package-lock.json'))).toBe(false);
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  expect(lock).not.toHaveProperty('dependencies');
  return lock.packages;
}

const at = 'each/a/node_modules';
const tree: Tree = {
  '': {},
  'each/a': { dependencies: { a: '*', m: '*' } },
  'node_modules/Of-61': { link: true },
  [`${at}/a`]: { version: '1.0.0', dependencies: { m: '^1.2.0', x: '^1.0.0' } },
  [`${at}/m`]: { version: '1.2.5' },
  [`${at}/x`]: { version: '1.0.0', optionalDependencies: { m: '2.x' }, peerDependencies: { a: '>=1' } },
  [`${at}/x/node_modules/m`]: { version: '2.0.1' },
};

test('who has a copy below it wants the fixed version; who has another wants what it has', () => {
  const lock = mended(tree, { m: '1.2.6' });
  expect(lock[`${at}/a`]?.dependencies).toEqual({ m: '1.2.6', x: '^1.0.0' });
  expect(lock[`${at}/x`]).toEqual({ ...tree[`${at}/x`], optionalDependencies: { m: '2.0.1' } });
  // What the spec asks for is said by its package.json.
  expect(lock['each/a']).toEqual(tree['each/a']);
  const asked = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
  expect(asked).toEqual([expect.stringMatching(/^update --prefix \S+ .* m$/)]);
});

test.each([
  ['its own tree before the one above', { [`${at}/a/node_modules/m`]: { version: '1.3.0' } }, '1.3.0'],
  ['the tree of all', { [`${at}/m`]: {}, 'node_modules/m': { version: '1.0.0' } }, '1.2.6'],
])('a copy is looked for as Node.js does: %s', (_, more: Tree, wants) => {
  const { [`${at}/m`]: own, ...others } = { ...tree, ...more };
  const packages = own?.version === undefined ? others : { ...others, [`${at}/m`]: own };
  expect(mended(packages, { m: '1.2.6' })[`${at}/a`]?.dependencies).toMatchObject({ m: wants });
});

test('what is bundled, or is not there, is let be', () => {
  const bundled = { ...tree, [`${at}/m`]: { version: '1.2.5', inBundle: true } };
  expect(mended(bundled, { m: '1.2.6' })[`${at}/a`]).toEqual(tree[`${at}/a`]);
  const without = { ...tree, [`${at}/a`]: { version: '1.0.0', peerDependencies: { '@s/p': '^1' } } };
  expect(mended(without, { '@s/p': '1.1.0' })[`${at}/a`]).toEqual(without[`${at}/a`]);
});

test.each([
  ['1.2.6', '1.2.6', false],
  ['1.2.6-beta.1', '1.2.6', true],
  ['1.10.0', '1.9.9', false],
  ['0.9.9', '0.10.0', true],
  ['2.0.0', '1.99.99', false],
  ['1.2.5+build', '1.2.6', true],
])('%s below %s: %s', (version, fixed, isBelow) => {
  const packages = { ...tree, [`${at}/m`]: { version } };
  expect(mended(packages, { m: fixed })[`${at}/a`]?.dependencies?.['m']).toBe(isBelow ? fixed : version);
});

test('whatever the tree, nobody wants less than the fix, or another than there is', () => {
  const version = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)).map((parts) => parts.join('.'));
  fc.assert(
    fc.property(version, fc.option(version, { nil: undefined }), version, (above, own, fixed) => {
      const packages: Tree = {
        ...tree,
        [`${at}/m`]: { version: above },
        ...(own && { [`${at}/a/node_modules/m`]: { version: own } }),
      };
      const wants = mended(packages, { m: fixed })[`${at}/a`]?.dependencies?.['m'];
      expect([fixed, own ?? above]).toContain(wants);
      const order = (one: string, other: string) => one.localeCompare(other, 'en', { numeric: true });
      expect(order(wants ?? '', fixed)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 10 },
  );
});

test('one that the spec asks for is pinned where it stands too; where it asks for none a fix stands by itself', () => {
  const asked = wordsOf(['a', 'm'], { m: '1.2.6', k: '2.0.0' });
  expect(asked).toMatch(/'k@<2\.0\.0' 'm@<1\.2\.6' && npm update .* 'k' 'm'$/);
  expect(asked).not.toContain("'m@1.2.6'");
  const line = dockerfile({
    spec: Spec.parse({
      base: 'debian-12',
      command: ['true'],
      packages: { npm: [{ name: 'a' }, { name: 'm' }] },
    }),
    baseImage: `base/debian@${digest(1)}`,
    ...{ takes: ['npm'], key, epoch: '2026-11-19' },
    fixes: [
      { manager: 'npm', package: 'm', version: '1.2.6' },
      { manager: 'npm', package: 'k', version: '2.0.0' },
    ],
  });
  expect(line).toContain("' 'm@1.2.6' && npm install ");
  expect(line).not.toContain("'k@2.0.0'");
});
