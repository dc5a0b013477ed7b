/** The story of an environment in words. */
import { expect, test } from 'vitest';
import { addSeconds } from '#core/names.ts';
import type { Step } from '#core/trace.ts';
import { duration, traceText } from '../../cli/trace.ts';
import { digestOf, requested, start } from '../contracts/samples.ts';

const [event] = requested().events;
if (!event) throw new Error('a request tells an event');
const steps: Step[] = [
  { kind: 'change', version: 1, at: start, actor: 'rita', what: 'asked', story: 'r-1', cause: 'r-1' },
  { kind: 'event', version: 1, position: 0, at: start, sentAt: addSeconds(start, 2), event, story: 'r-1' },
  {
    kind: 'change',
    version: 2,
    at: addSeconds(start, 90),
    actor: 'gate',
    what: 'it is blocked',
    story: 'r-1',
    cause: 'm-7',
    verdict: { digest: digestOf('image'), result: 'block', blocking: 3, policyVersion: '1' },
  },
  { kind: 'event', version: 3, position: 0, at: addSeconds(start, 95), event, story: 'push/1' },
];

test('each step has its time since the one before in its story, its cause, and whether it was sent', () => {
  const lines = traceText('checkout/web', steps).split('\n');
  expect(lines.slice(0, 8)).toEqual([
    'checkout/web',
    '  story r-1',
    `    ${start}             v1      rita     asked  (message r-1)`,
    `    ${start}      +0 ms  v1.0      told   EnvironmentRequested, sent 2.0 s later`,
    `    ${addSeconds(start, 90)}  +1 m 30 s  v2      gate     it is blocked  (message m-7)`,
    expect.stringMatching(/^ +verdict {2}block by 3 on sha256:[0-9a-f]{12} under policy 1$/),
    '  story push/1',
    `    ${addSeconds(start, 95)}             v3.0      told   EnvironmentRequested, NOT SENT YET`,
  ]);
  expect(lines.at(-1)).toContain('filter story in ["r-1", "push/1"] | sort @timestamp asc');
});

test('the query is of the story that was asked for; where none is known, of the name', () => {
  expect(traceText('checkout/web', steps.slice(0, 1), 'r-1')).toContain('filter story in ["r-1"]');
  const old: Step = { kind: 'change', version: 1, at: start, actor: 'rita', what: 'asked' };
  expect(traceText('checkout/web', [old])).toContain('filter @message like "checkout/web"');
  expect(traceText('checkout/web', [], 'r-9')).toBe('checkout/web has no step in the story r-9.');
});

test.each([
  [-5, '0 ms'],
  [999, '999 ms'],
  [12_340, '12.3 s'],
  [125_000, '2 m 5 s'],
  [119_900, '2 m 0 s'],
  [7_260_000, '2 h 1 m'],
])('%i ms are %s', (ms, text) => expect(duration(ms)).toBe(text));
