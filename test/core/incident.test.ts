/** When an incident is over: Ready for two minutes, and quiet for as long. */
import { expect, it } from 'vitest';
import type { Health } from '#core/health.ts';
import { Incident, isOver, oomSummary } from '#core/incident.ts';
import { at, healthy } from './samples.ts';

const incident = Incident.parse({
  id: 'checkout/web/oom/x',
  kind: 'oom',
  openedAt: at(0),
  lastSeenAt: at(100),
  summary: 'out of memory',
});

it.each<[string, Health, number, boolean]>([
  ['Ready and quiet for 120 s', healthy(1, { readySince: at(100) }), 220, true],
  ['Ready for a second less', healthy(1, { readySince: at(101) }), 220, false],
  ['quiet for a second less', healthy(1, { readySince: at(0) }), 219, false],
  ['not Ready', healthy(1, { ready: false, readySince: at(0) }), 9999, false],
  ['Ready since nobody knows when', healthy(1, { readySince: undefined }), 9999, false],
])('%s', (_, health, seconds, over) => expect(isOver(incident, health, at(seconds))).toBe(over));

it('says which container, where its limit is, and what to do', () => {
  const oom = { at: at(0), pod: 'app-1', container: 'app', limit: '64Mi' };
  expect(oomSummary(oom)).toContain('Container app of pod app-1');
  expect(oomSummary(oom)).toContain('64Mi. Ask for more memory');
  expect(oomSummary({ ...oom, limit: undefined })).toContain('unknown size');
});
