import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { atMost, inTurn, median, quantile, recorded } from './entry.ts';
import { drawMeasured, readMeasured } from './measured.ts';
import { simulated } from './simulation.ts';

test('docs/measured.md says what docs/measured.json does', () => {
  const written = readFileSync(new URL('../../docs/measured.md', import.meta.url), 'utf8');
  expect(written, "run 'npm run bench -- --record'").toBe(drawMeasured(readMeasured()));
});

test('quantiles by the nearest rank', () => {
  const values = [5, 1, 4, 2, 3];
  expect([median(values), quantile(values, 0.95), quantile(values, 0)]).toEqual([3, 5, 1]);
  expect(() => median([])).toThrow('no value was measured');
});

test('both sides are measured in turn, the first pair does not count', async () => {
  const order: string[] = [];
  const side = (name: string) => async (run: number) => {
    order.push(`${name}${run}`);
    return run;
  };
  expect(await inTurn(2, side('a'), side('b'))).toEqual({ a: [1, 2], b: [1, 2] });
  expect(order).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2']);
});

test('a figure at its target is within it', () => {
  const figure = { name: 'x', value: 1.3, unit: '×', note: '' };
  expect(atMost(1.3, figure)).toMatchObject({ ok: true, target: '≤ 1.3' });
  expect(atMost(1.2, figure).ok).toBe(false);
  expect(recorded(figure)).toMatchObject({ ok: true, target: 'recorded' });
});

test('shares of a simulation are one: their seeds and faults are added, a failure names its seed', () => {
  const share = (seed: number) => ({
    seeds: 10,
    seconds: 1,
    faults: { 'event lost': 2, 'clock skew': 1 },
    failures: [{ seed, broken: 'it broke' }],
  });
  const [seeds, faults, failures] = simulated([share(3), share(14)]);
  expect(seeds).toMatchObject({ value: 20 });
  expect(faults).toMatchObject({ value: 6, note: 'event lost 4, clock skew 2' });
  expect(failures).toMatchObject({ value: 2, ok: false, note: 'seed 3: it broke; seed 14: it broke' });
});
