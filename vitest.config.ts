/**
 * `unit` and `unit-core` need no cloud and are the daily run with `moto` and `sql` (servers that come and go with their tests). Those of `e2e*`
 * run against the instance that local/test.ts brings up.
 */
import { defineConfig } from 'vitest/config';

/**
 * Stories that have their own environments and jobs, break nothing of the cloud and measure no time: three at a time, for most of it they
 * wait. All others have the cloud to themselves.
 */
const beside = [
  'build-isolation',
  'build-log',
  'data-job',
  'egress',
  'lifecycle',
  'lock',
  'mariadb-job',
  'no-such-package',
  'private-sources',
  'sources',
  'ssh-bare',
  'standing-job',
  'supply',
  'table-job',
  'transfer',
  'ttl',
  'waivers',
  'working-hours',
].map((name) => `test/e2e/${name}.test.ts`);
/** Before all others: it fills the cluster, in which environments that others made may still be. */
const first = ['test/e2e/shares.test.ts'];
/** Left to itself vitest leaves one core of two alone. */
const maxWorkers = 2;
// The longest takes six seconds; beside other work it may take ten times that.
const unit = { globalSetup: ['test/temporary.ts'], testTimeout: 60_000, maxWorkers };
const decisions = 'test/core/**/*.test.ts';
/** The longest takes five minutes on two cores; what waits in it has a shorter patience of its own, and says for what. */
const endToEnd = { testTimeout: 600_000, hookTimeout: 300_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/moto/**', 'test/sql/**', decisions],
          ...unit,
        },
      },
      {
        // Of what is pure: nothing of one file is left for the next, and importing it all anew for each takes longer than its tests.
        test: { name: 'unit-core', include: [decisions], isolate: false, ...unit },
      },
      {
        test: {
          name: 'moto',
          include: ['test/moto/**/*.test.ts'],
          globalSetup: ['test/moto/setup.ts'],
          testTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'sql',
          include: ['test/sql/**/*.test.ts'],
          globalSetup: ['test/sql/postgres-setup.ts', 'test/sql/mariadb-setup.ts'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'e2e-first', include: first, sequence: { groupOrder: 1 }, ...endToEnd } },
      {
        test: {
          name: 'e2e-beside',
          include: beside,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
          ...endToEnd,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [...first, ...beside],
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          ...endToEnd,
        },
      },
    ],
  },
});
