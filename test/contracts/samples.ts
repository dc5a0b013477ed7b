/** Values that tests of several kinds need. */
import { createHash } from 'node:crypto';
import { type Request, request } from '#core/build.ts';
import type { Change, Decision } from '#core/decision.ts';
import type { Finding, Scan } from '#core/finding.ts';
import { Digest, EnvironmentKey, type Instant } from '#core/names.ts';
import { Spec } from '#core/spec.ts';
import type { Verdict } from '#core/verdict.ts';

export const start: Instant = '2026-01-05T10:00:00.000Z';

export const digestOf = (text: string): Digest =>
  Digest.parse(`sha256:${createHash('sha256').update(text).digest('hex')}`);

export const keyOf = (team: string, name: string): EnvironmentKey => EnvironmentKey.parse({ team, name });
export const web = keyOf('checkout', 'web');

export const spec = Spec.parse({
  base: 'debian-12',
  packages: { pip: [{ name: 'Jinja2', version: '2.10' }] },
  files: { 'app.py': 'print("hello")' },
  command: ['python3', 'app.py'],
});

export const requested = (parts: Partial<Request> = {}, now: Instant = start): Change =>
  mustChange(request({ key: web, cluster: 'main', requester: 'rita', spec, ...parts }, now));

export function mustChange(decision: Decision): Change {
  if (decision.outcome === 'changed') return decision;
  throw new Error(`nothing changed: ${decision.outcome === 'refused' ? decision.detail : decision.why}`);
}

export const finding = (parts: Partial<Finding> = {}): Finding => ({
  id: 'CVE-2019-10906',
  severity: 'CRITICAL',
  package: 'jinja2',
  installed: '2.10',
  ecosystem: 'pip',
  fix: 'yes',
  fixedIn: '2.10.1',
  ...parts,
});

export const complete = (completedAt: Instant, ...findings: Finding[]): Scan => ({
  status: 'complete',
  completedAt,
  findings,
});

export const verdict = (parts: Partial<Verdict> = {}): Verdict => ({
  digest: digestOf('image'),
  result: 'pass',
  policyVersion: '1',
  waivers: [],
  reasons: [],
  blocking: 0,
  fixes: [],
  counts: {},
  decidedAt: start,
  ...parts,
});
