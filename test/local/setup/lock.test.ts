/** What instances share is made by one at a time, and a failure leaves no lock behind. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { withLock } from '#local/setup/lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('lets one in after the other, whoever came first', async () => {
  const file = join(folder, 'shared.lock');
  const within: string[] = [];
  const one = (name: string): Promise<void> =>
    withLock(file, async () => {
      within.push(`${name} in`);
      await new Promise((done) => setTimeout(done, 20));
      within.push(`${name} out`);
    });
  await Promise.all(['a', 'b', 'c'].map(one));
  expect(within).toHaveLength(6);
  for (const [i, said] of within.entries())
    if (i % 2 === 0) expect(within[i + 1]).toBe(said.replace('in', 'out'));
});

it('is free again after a task that failed, whose error is told', async () => {
  const file = join(folder, 'failed.lock');
  const fails = withLock(file, () => Promise.reject(new Error('no room')));
  await expect(fails).rejects.toThrow('no room');
  let came = false;
  await withLock(file, async () => {
    came = true;
  });
  expect(came).toBe(true);
});

it('says which lock could not be taken', async () => {
  const file = join(folder, 'nowhere', 'shared.lock');
  await expect(withLock(file, async () => undefined)).rejects.toThrow(`the lock ${file} could not be taken`);
});
