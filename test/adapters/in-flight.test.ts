/** Who asks while an answer is on its way gets that one, and nobody an old one. */
import { expect, test, vi } from 'vitest';
import { InFlight } from '#adapters/in-flight.ts';

test('what is asked for at once is read once; who asks later has it read anew', async () => {
  const reading = new InFlight<number>();
  const read = vi.fn(async () => read.mock.calls.length);
  const ask = (of: string) => reading.read(of, read);
  expect(await Promise.all([ask('checkout'), ask('checkout'), ask('search')])).toEqual([1, 1, 2]);
  expect(await ask('checkout')).toBe(3);
});

test('all who wait hear that it failed, and the next one asks again', async () => {
  const reading = new InFlight<number>();
  const read = vi.fn(async () => 1).mockRejectedValueOnce(new Error('throttled'));
  const both = [reading.read('checkout', read), reading.read('checkout', read)];
  for (const one of both) await expect(one).rejects.toThrow('throttled');
  expect(await reading.read('checkout', read)).toBe(1);
  expect(read).toHaveBeenCalledTimes(2);
});
