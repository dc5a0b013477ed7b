/** A credential that ends: what is said to the index is good when it is said, however long the build takes and whatever fails. */
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { type Ending, renewed } from '../../egress/renewed.ts';

const minute = 60_000;
let clock: number;
let asked: number;
let said: string[];
/** Of those who ask for a new one. */
let isBroken: boolean;

beforeEach(() => {
  [clock, asked, said, isBroken] = [0, 0, [], false];
});

const lasting = (ms: number) =>
  renewed({
    now: () => clock,
    say: (line) => said.push(line),
    get: async (): Promise<Ending> => {
      asked += 1;
      await Promise.resolve();
      if (isBroken) throw new Error('throttled');
      return { authorization: `token ${asked}`, ends: clock + ms };
    },
  });

test('one is asked for, and the next when five minutes are left of it', async () => {
  const ask = lasting(15 * minute);
  const told: string[] = [];
  for (clock of [0, minute, 10 * minute - 1, 10 * minute, 11 * minute, 20 * minute]) told.push(await ask());
  expect(told).toEqual(['token 1', 'token 1', 'token 1', 'token 2', 'token 2', 'token 3']);
});

test('all who ask at once wait for the same', async () => {
  const ask = lasting(15 * minute);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual(['token 1', 'token 1', 'token 1']);
  clock = 12 * minute;
  expect(new Set(await Promise.all([ask(), ask(), ask()]))).toEqual(new Set(['token 2']));
  expect(asked).toBe(2);
});

test('where it is not renewed the old one is said to its end, and asked for again, not at each request', async () => {
  const ask = lasting(15 * minute);
  await ask();
  isBroken = true;
  clock = 11 * minute;
  for (let i = 0; i < 5; i++) expect(await ask()).toBe('token 1');
  expect({ asked, said }).toEqual({
    asked: 2,
    said: [expect.stringContaining('not renewed yet: throttled')],
  });
  clock += 20_000;
  isBroken = false;
  expect(await ask()).toBe('token 3');
});

test('behind its end it is not said any more', async () => {
  const ask = lasting(15 * minute);
  await ask();
  isBroken = true;
  clock = 15 * minute;
  await expect(ask()).rejects.toThrow('throttled');
  isBroken = false;
  expect(await ask()).toBe('token 3');
});

test('the first that can not be had is told at once', async () => {
  isBroken = true;
  await expect(lasting(minute)()).rejects.toThrow('throttled');
});

test('whatever the times and the failures, nothing is said behind its end', async () => {
  const step = fc.record({ wait: fc.integer({ min: 0, max: 8 * minute }), fails: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 30 }),
      async (steps, minutes) => {
        const ends = new Map<string, number>();
        clock = 0;
        let fails = false;
        const ask = renewed({
          ...{ now: () => clock, say: () => undefined },
          get: async () => {
            if (fails) throw new Error('no');
            const authorization = String(ends.size);
            ends.set(authorization, clock + minutes * minute);
            return { authorization, ends: clock + minutes * minute };
          },
        });
        for (const { wait, fails: now } of steps) {
          clock += wait;
          fails = now;
          const told = await ask().catch(() => undefined);
          if (told === undefined) expect(fails).toBe(true);
          else expect(ends.get(told)).toBeGreaterThan(clock);
        }
      },
    ),
  );
});
