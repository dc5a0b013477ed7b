/** What is made late is made once: a client that each message made anew would open its connections anew. */
import { expect, test, vi } from 'vitest';
import { once } from '#adapters/once.ts';

test('nothing is made until it is asked for, and then one for all', () => {
  const make = vi.fn(() => ({}));
  const client = once(make);
  expect(make).not.toHaveBeenCalled();
  expect(client()).toBe(client());
  expect(make).toHaveBeenCalledTimes(1);
});

test('what failed is tried again by the next who asks', () => {
  const made = {};
  const client = once(vi.fn(() => made).mockImplementationOnce(() => expect.unreachable('no region')));
  expect(client).toThrow('no region');
  expect(client()).toBe(made);
});
