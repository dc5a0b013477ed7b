import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { missingEntries } from '#local/lockfile.ts';

const lockfile: unknown = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));

test('the lockfile names the packages of every platform: npm run lockfile', () => {
  expect(Object.keys(missingEntries(lockfile))).toEqual([]);
});

test('a package of another platform is named by version, system and processor', () => {
  const tool = { version: '1.0.0', dev: true, optionalDependencies: { '@tool/cli-darwin-arm64': '^1.0.0' } };
  expect(missingEntries({ packages: { 'node_modules/tool': tool } })).toEqual({
    'node_modules/@tool/cli-darwin-arm64': {
      version: '1.0.0',
      cpu: ['arm64'],
      os: ['darwin'],
      dev: true,
      optional: true,
    },
  });
});
