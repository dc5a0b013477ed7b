/** What is passed on is collected by count, whether or not Node was started for it. */
import { afterEach, expect, it, vi } from 'vitest';

const MiB = 2 ** 20;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.doUnmock('node:vm');
  vi.resetModules();
});

const fresh = async () => (await import('#adapters/used-up.ts')).usedUp;

it('collects the young ones each time 2 MiB were passed on', async () => {
  const collect = vi.fn();
  vi.stubGlobal('gc', collect);
  const usedUp = await fresh();
  for (let bytes = 64 * 1024; bytes < 2 * MiB; bytes += 64 * 1024) usedUp(Buffer.alloc(64 * 1024));
  expect(collect).not.toHaveBeenCalled();
  usedUp(Buffer.alloc(64 * 1024));
  expect(collect.mock.calls).toEqual([[{ type: 'minor' }]]);
  usedUp(Buffer.alloc(2 * MiB));
  expect(collect).toHaveBeenCalledTimes(2);
});

it('does so where Node was not started for it, and leaves no more than that', async () => {
  vi.stubGlobal('gc', undefined);
  const usedUp = await fresh();
  usedUp(Buffer.alloc(2 * MiB));
  const before = process.memoryUsage().arrayBuffers;
  for (let bytes = 0; bytes < 256 * MiB; bytes += 64 * 1024) usedUp(Buffer.allocUnsafeSlow(64 * 1024));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MiB);
});

it('goes on where there is nothing to collect with', async () => {
  vi.stubGlobal('gc', undefined);
  vi.doMock('node:vm', () => ({ runInNewContext: () => undefined }));
  const usedUp = await fresh();
  expect(() => usedUp(Buffer.alloc(4 * MiB))).not.toThrow();
});
