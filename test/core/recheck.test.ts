/** What runs is judged on: its incident is opened once, follows the digest that runs, and is closed. */
import { expect, it } from 'vitest';
import type { Environment } from '#core/environment.ts';
import { digestToRecheck, rechecked, waiversTurned } from '#core/recheck.ts';
import { observed } from '#core/release.ts';
import {
  at,
  awaiting,
  changed,
  deploying,
  digest,
  healthy,
  next,
  ready,
  requested,
  scanning,
  told,
  unfixable,
  verdict,
} from './samples.ts';

const running = (): Environment => ({ ...ready(), recheckAt: at(1000) });
const bad = (n = 1) =>
  next(rechecked({ ...running(), ...(n === 2 ? deploying(2) : {}) }, digest(n), unfixable(n), at(500)));

it('a finding opens an incident that says what and what to do, once, and what runs goes on', () => {
  const decision = rechecked(running(), digest(1), unfixable(1), at(500));
  expect(told(decision)).toEqual(['IncidentOpened']);
  expect(next(decision)).toMatchObject({ release: ready().release, recheckAt: at(4100) });
  expect(next(decision).incidents).toMatchObject([
    {
      id: 'checkout/web/vulnerable/5',
      kind: 'vulnerable',
      digest: digest(1),
      summary: expect.stringContaining('CVE-2021-44906 CRITICAL'),
    },
  ]);
  expect(rechecked(next(decision), digest(1), unfixable(1), at(501)).outcome).toBe('unchanged');
  expect(told(rechecked(next(decision), digest(1), unfixable(1), at(4100)))).toEqual([]);
});

it.each([
  ['another digest', digest(2), unfixable(2)],
  ['no scan that says anything', digest(1), verdict(1, { result: 'stale', blocking: 1 })],
  ['a pass', digest(1), verdict(1)],
])('nothing is told of %s', (_, of, found) => {
  expect(rechecked(running(), of, found, at(500)).outcome).toBe('unchanged');
  expect(rechecked(requested(), of, found, at(500)).outcome).toBe('unchanged');
});

it('is over when the image passes again', () => {
  expect(told(rechecked(bad(), digest(1), verdict(1), at(600)))).toEqual(['IncidentRecovered']);
  expect(next(rechecked(bad(), digest(1), verdict(1), at(600))).incidents).toEqual([]);
  const unknown = verdict(1, { result: 'stale', blocking: 1 });
  expect(rechecked(bad(), digest(1), unknown, at(600)).outcome).toBe('unchanged');
});

it('is over when another image is Ready, and not before', () => {
  const replaced: Environment = { ...bad(), release: deploying(2).release };
  expect(told(observed(replaced, healthy(1), at(600)))).toEqual([]);
  expect(told(observed(replaced, healthy(2, { ready: false, readySince: undefined }), at(600)))).toEqual([]);
  expect(told(observed(replaced, healthy(2), at(600)))).toEqual(['EnvironmentReady', 'IncidentRecovered']);
});

it('goes on, told once, where its successor turns bad as well', () => {
  const replaced: Environment = { ...bad(), release: deploying(2).release };
  const decision = rechecked(replaced, digest(2), unfixable(2), at(600));
  expect(changed(decision).events).toEqual([]);
  expect(next(decision).incidents).toMatchObject([
    { digest: digest(2), openedAt: at(500), lastSeenAt: at(600) },
  ]);
  expect(told(observed(next(decision), healthy(2), at(610)))).toEqual(['EnvironmentReady']);
});

it('neither hurries the looks at the cluster nor hides that what runs is down', () => {
  const seen = next(observed(bad(), healthy(), at(600)));
  expect(seen.release).toMatchObject({ lookAt: at(660) });
  const sick = healthy(1, { ready: false, readySince: undefined, problem: 'CrashLoopBackOff' });
  const down = next(observed(bad(), sick, at(600)));
  expect(told(observed(down, sick, at(660)))).toEqual(['IncidentOpened']);
});

it('is due every hour while something is released', () => {
  expect(digestToRecheck(running(), at(999))).toBeUndefined();
  expect(digestToRecheck(running(), at(1000))).toBe(digest(1));
  expect(digestToRecheck(requested(), at(9999))).toBeUndefined();
});

it.each([
  ['what runs', running(), { recheckAt: at(10) }],
  ['what waits for its approval', awaiting(), { candidate: { lookAt: at(10) } }],
])('a waiver that turned has %s judged at once, and nothing else changes', (_, environment, parts) => {
  const decision = waiversTurned(environment, at(10));
  expect(next(decision)).toMatchObject(parts);
  expect(decision).toMatchObject({
    outcome: 'changed',
    events: [],
    looks: expect.arrayContaining([{ stage: 'gate', delaySeconds: 0 }]),
  });
  expect(decision).not.toHaveProperty('audit');
  expect(waiversTurned(next(decision), at(10)).outcome).toBe('unchanged');
});

it.each([
  ['nothing was pushed yet', requested()],
  ['a scan is awaited, which ends in a verdict', scanning()],
  ['it is due already', next(waiversTurned(awaiting(), at(10)))],
])('a waiver that turned changes nothing where %s', (_, environment) => {
  expect(waiversTurned(environment, at(10)).outcome).toBe('unchanged');
});
