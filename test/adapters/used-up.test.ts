/** What is passed on is collected by count, in a process that may ask for it. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const MiB = 2 ** 20;
const collect = vi.fn();

beforeEach(() => vi.stubGlobal('gc', collect));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
  collect.mockReset();
});

const fresh = async () => (await import('#adapters/used-up.ts')).usedUp;

it('collects the young ones each time 2 MiB were passed on', async () => {
  const usedUp = await fresh();
  for (let bytes = 64 * 1024; bytes < 2 * MiB; bytes += 64 * 1024) usedUp(Buffer.alloc(64 * 1024));
  expect(collect).not.toHaveBeenCalled();
  usedUp(Buffer.alloc(64 * 1024));
  expect(collect.mock.calls).toEqual([[{ type: 'minor' }]]);
  usedUp(Buffer.alloc(2 * MiB));
  expect(collect).toHaveBeenCalledTimes(2);
});

it('leaves it to V8 where nobody may ask', async () => {
  vi.stubGlobal('gc', undefined);
  const usedUp = await fresh();
  expect(() => usedUp(Buffer.alloc(4 * MiB))).not.toThrow();
});
