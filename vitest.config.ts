/**
 * Four projects: `unit` needs no cloud and is the daily run with `moto` and `sql` (servers that come and go with their tests); `e2e` runs
 * against the instance that local/test.ts brings up.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/moto/**', 'test/sql/**'],
          globalSetup: ['test/temporary.ts'],
          // The longest takes six seconds; beside other work it may take ten times that.
          testTimeout: 60_000,
        },
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
          globalSetup: ['test/sql/server.ts', 'test/sql/mariadb-server.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // One cloud, one story at a time.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
