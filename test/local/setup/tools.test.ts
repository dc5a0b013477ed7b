import { expect, test } from 'vitest';
import { isAtLeast } from '#local/setup/go.ts';
import { missingPackages } from '#local/setup/packages.ts';
import { diskNeeded, minutesNeeded, type Plan } from '#local/setup/plan.ts';
import { countTests, progressOf } from '#local/setup/tests.ts';

test.each([
  ['go1.26.0', '1.26.0', true],
  ['go1.26.6', '1.26.0', true],
  ['go1.27', '1.26.6', true],
  ['go1.25.11', '1.26.0', false],
  ['go1.26rc1', '1.26.0', false],
  ['devel +abc', '1.26.0', false],
])('%s is at least %s: %s', (actual, wanted, expected) => {
  expect(isAtLeast(actual, wanted)).toBe(expected);
});

test('only packages whose program is missing are installed, and the venv module where it is', () => {
  expect(missingPackages({ venv: true, has: () => true })).toEqual([]);
  expect(missingPackages({ venv: false, has: (gives) => gives !== 'buildah' })).toEqual([
    'buildah',
    'python3-venv',
  ]);
});

const nothing: Plan = {
  packages: [],
  go: false,
  kubernetes: false,
  nodeTools: false,
  emulator: false,
  moto: false,
  baseImage: false,
  cores: 2,
};

test('what is there already costs neither time nor disk', () => {
  const everything: Plan = {
    packages: ['buildah'],
    go: true,
    kubernetes: true,
    nodeTools: true,
    emulator: true,
    moto: true,
    baseImage: true,
    cores: 2,
  };
  expect(diskNeeded(nothing).cache).toBe(0);
  expect(diskNeeded(everything).cache).toBeGreaterThan(1e9);
  expect(minutesNeeded(everything)).toBeGreaterThan(minutesNeeded(nothing) + 7);
  expect(minutesNeeded({ ...everything, cores: 16 })).toBeLessThan(minutesNeeded(everything));
});

test('tests are counted one by one; a file that cannot be loaded is a failure', () => {
  const one = (status: string, fullName: string) => ({
    status,
    fullName,
    failureMessages: status === 'failed' ? ['Error: no\n at x'] : [],
  });
  const report = {
    testResults: [
      {
        name: 'a.test.ts',
        status: 'failed',
        message: '',
        assertionResults: [one('passed', 'p'), one('failed', 'f'), one('pending', 's'), one('todo', 't')],
      },
      { name: 'b.test.ts', status: 'failed', message: 'SyntaxError: oh\nmore', assertionResults: [] },
    ],
  };
  expect(countTests(JSON.stringify(report))).toEqual({
    passed: 1,
    failed: ['a.test.ts: f: Error: no', 'b.test.ts: SyntaxError: oh'],
    skipped: ['a.test.ts: s', 'a.test.ts: t'],
  });
});

test('progress names the file of the test that ended, and what failed, also while the run goes on', () => {
  const notes: string[] = [];
  const onLine = progressOf((text) => notes.push(text));
  onLine(' RUN  v5.1.1');
  onLine(' ✓ |e2e| test/e2e/a.test.ts > one 3ms');
  onLine(' × |e2e| test/e2e/a.test.ts > two > three 420000ms');
  onLine(' ✓  e2e  test/e2e/b.test.ts > one 3ms');
  expect(notes).toEqual([
    'test/e2e/a.test.ts',
    'test/e2e/a.test.ts; 1 failed, last test/e2e/a.test.ts > two > three 420000ms',
    'test/e2e/b.test.ts; 1 failed, last test/e2e/a.test.ts > two > three 420000ms',
  ]);
});
