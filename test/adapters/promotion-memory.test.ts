/** Half a gigabyte goes through a promotion that never holds half as much; `npm run bench -- promotion-memory` takes 10 GB. */
import { expect, test } from 'vitest';
import { promoteAlone } from '../bench/promotion-memory.ts';

const MiB = 2 ** 20;
const MB = 1_000_000;

test('512 MiB in at most 256 MB resident', { timeout: 300_000 }, async () => {
  const { peakBytes } = await promoteAlone([300 * MiB, 150 * MiB, 62 * MiB + 1]);
  expect(peakBytes).toBeGreaterThan(10 * MiB);
  expect(peakBytes / MB).toBeLessThanOrEqual(256);
});
