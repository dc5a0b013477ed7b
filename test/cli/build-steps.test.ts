/** What a build took, step by step, for people. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableOf } from '../../cli/build-steps.ts';
import { type Api, apiOnThisMachine, schwifty } from './program.ts';

test('a line a step, no longer than a terminal, and their sum', () => {
  const run = `[pip 1/1] RUN SECURITY_EPOCH=2026-11-19 ${'x'.repeat(200)}`;
  const steps = [
    { name: run, seconds: 12.34, how: 'done' as const },
    { name: '[base 1/1] FROM debian', seconds: 0, how: 'cached' as const },
  ];
  const lines = tableOf({ steps, cached: 1, left: 0 });
  expect(lines[0]).toMatch(/^ {3}12\.3 s {2}done {7}\[pip 1\/1\] RUN SECURITY_EPOCH=2026-11-19 x+…$/);
  expect(lines.slice(1)).toEqual([
    '    0.0 s  cached     [base 1/1] FROM debian',
    '2 steps, 1 of them from a cache',
  ]);
  expect(tableOf({ steps: [], cached: 0, left: 7 })).toEqual([
    '0 steps, 0 of them from a cache; 7 more are in its log alone',
  ]);
});

let api: Api;
beforeAll(async () => {
  api = await apiOnThisMachine();
});
afterAll(() => api.close());

test('the steps of a build are asked for by its number, in place of its log', async () => {
  const asked: string[] = [];
  api.reply = (line) => {
    asked.push(line);
    const steps = [{ name: 'STEP 1/1: FROM scratch', seconds: 2, how: 'done' }];
    return { status: 200, body: JSON.stringify({ number: 3, ended: true, steps, left: 0, cached: 0 }) };
  };
  const { out, err, code } = await schwifty(api, ['env', 'log', 'checkout/web', '--build', '3', '--steps']);
  expect({ err, code }).toEqual({ err: '', code: 0 });
  expect(asked).toEqual(['GET /stage/environments/checkout/web/builds/3']);
  expect(out).toBe('    2.0 s  done       STEP 1/1: FROM scratch\n1 steps, 0 of them from a cache\n');
});
