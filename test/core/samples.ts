/** Values that the tests of core/ start from: one environment, its images, a policy, two people. */
import { buildStarted, request } from '#core/build.ts';
import { judged, pushed } from '#core/candidate.ts';
import type { Change } from '#core/decision.ts';
import { Environment, type Image } from '#core/environment.ts';
import type { Finding } from '#core/finding.ts';
import type { Health } from '#core/health.ts';
import { addSeconds, Digest, EnvironmentKey, type Instant } from '#core/names.ts';
import { Policy, Waiver } from '#core/policy.ts';
import { observed } from '#core/release.ts';
import { Spec } from '#core/spec.ts';
import { Team } from '#core/team.ts';
import type { Verdict } from '#core/verdict.ts';

export const t0: Instant = '2026-03-01T12:00:00.000Z';
export const at = (seconds: number): Instant => addSeconds(t0, seconds);

export const key = EnvironmentKey.parse({ team: 'checkout', name: 'web' });
export const spec = Spec.parse({ base: 'debian-12', command: ['python3', '/app/app.py'] });
export const policy = Policy.parse({
  version: '1',
  block: ['CRITICAL', 'HIGH'],
  maxScanAgeHours: 24,
  maxRemediations: 2,
});
export const team = Team.parse({ name: 'checkout', members: 'members', approvers: 'approvers' });
export const ann = { name: 'ann', groups: ['members', 'approvers'] };
export const bob = { name: 'bob', groups: ['members', 'approvers'] };

/** A digest told apart by its number. */
export const digest = (n: number): Digest => Digest.parse(`sha256:${n.toString(16).padStart(64, '0')}`);
export const image = (n: number, pushedAt = at(n), tags: string[] = []): Image => ({
  digest: digest(n),
  pushedAt,
  tags,
});
/** The image that build `n` pushed. */
export const built = (n: number): Image => image(n, at(n * 100), [`build-${n}`]);

export const finding = (parts: Partial<Finding> = {}): Finding => ({
  id: 'CVE-2021-44906',
  severity: 'CRITICAL',
  package: 'minimist',
  installed: '1.2.5',
  ecosystem: 'npm',
  fix: 'yes',
  fixedIn: '1.2.6',
  ...parts,
});
export const waiver = (parts: Record<string, unknown> = {}): Waiver =>
  Waiver.parse({
    id: 'w1',
    cve: 'CVE-2021-44906',
    team: 'checkout',
    author: 'ann',
    approver: 'bob',
    reason: 'not reachable',
    expiresAt: at(3600),
    ...parts,
  });
export const verdict = (n: number, parts: Partial<Verdict> = {}): Verdict => ({
  digest: digest(n),
  result: 'pass',
  policyVersion: '1',
  waivers: [],
  reasons: [],
  blocking: 0,
  fixes: [],
  counts: {},
  decidedAt: t0,
  ...parts,
});
export const fixable = (n: number, blocking = 1, version = '1.2.6'): Verdict =>
  verdict(n, {
    result: 'block',
    blocking,
    reasons: [{ rule: 'severity', finding: finding({ fixedIn: version }) }],
    fixes: [{ manager: 'npm', package: 'minimist', version }],
  });
export const unfixable = (n: number, blocking = 1): Verdict =>
  verdict(n, {
    result: 'block',
    blocking,
    reasons: [{ rule: 'severity', finding: finding({ fix: 'no' }) }],
  });

type Outcome = { readonly outcome: string };
export function changed(decision: Outcome | Change): Change {
  if ('environment' in decision) return decision;
  throw new Error(`nothing changed: ${JSON.stringify(decision)}`);
}
/** The environment after a decision that changes it; what is stored must be what the schema takes. */
export const next = (decision: Outcome | Change): Environment =>
  Environment.parse(changed(decision).environment);
export const told = (decision: Outcome | Change): string[] =>
  changed(decision).events.map((event) => event.type);

export const requested = (): Environment =>
  next(request({ key, cluster: 'main', requester: 'ann', spec }, t0));
export const building = (): Environment =>
  next(buildStarted(requested(), { number: 1, id: 'build:1', content: 'content-1' }, at(1)));
export const scanning = (n = 1): Environment => next(pushed(building(), built(n), at(100)));
export const awaiting = (): Environment => next(judged(scanning(), built(1), verdict(1), policy, at(110)));
export const approval = { approver: 'bob', approvedAt: at(120), policyVersion: '1', waivers: [] };
export const released = (n: number) => ({ digest: digest(n), approval });
export const promoting = (): Environment => ({
  ...awaiting(),
  candidate: {
    phase: 'promoting',
    image: built(1),
    approval,
    since: at(120),
    lookAt: at(240),
  },
});
export const deploying = (n = 1, previous?: number, { deadline = 730, lookAt = 135 } = {}): Environment => ({
  ...awaiting(),
  release: {
    phase: 'deploying',
    ...released(n),
    ...(previous === undefined ? {} : { previous: released(previous) }),
    since: at(130),
    deadline: at(deadline),
    lookAt: at(lookAt),
  },
});
export const ready = (n = 1): Environment => ({
  ...awaiting(),
  release: { phase: 'ready', ...released(n), address: '10.0.0.9', since: at(140), lookAt: at(200) },
});

export const healthy = (n = 1, parts: Partial<Health> = {}): Health => ({
  digest: digest(n),
  ready: true,
  idle: false,
  readySince: at(140),
  address: '10.0.0.9',
  problem: undefined,
  lastOom: undefined,
  ...parts,
});

/** The promoter's objection to an image that can't be had any more. */
export const gone = (reason: string) => ({ reason, judgeAgain: false });

export const sick = (problem = 'CrashLoopBackOff: read its logs'): Health =>
  healthy(1, { ready: false, readySince: undefined, problem });

/** When it was due: those before it found nothing new. */
export const look = (environment: Environment, health: Health, seconds: number) => {
  const { release } = environment;
  const due = release.phase === 'none' ? release : { ...release, lookAt: at(seconds) };
  return observed({ ...environment, release: due }, health, at(seconds));
};
