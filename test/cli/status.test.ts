/** What a person reads of an environment, as it stands in each phase. */
import { expect, test } from 'vitest';
import type { EnvironmentAnswer } from '#api/client/client.ts';
import { statusText } from '../../cli/status.ts';
import { digestOf, finding, requested, start, verdict } from '../contracts/samples.ts';

const image = { digest: digestOf('image'), pushedAt: start, tags: ['build-1'] };
const approval = { approver: 'anna', approvedAt: start, policyVersion: '1', waivers: [] };
const since = { since: start };
const waits = { ...since, lookAt: start };
const { digest } = image;
const short = digest.slice(0, 19);
type Environment = EnvironmentAnswer['environment'];

const base: Environment = requested().environment;
const text = (parts: Partial<Environment>, more: Partial<EnvironmentAnswer> = {}) =>
  statusText({ environment: { ...base, ...parts }, phase: 'phase', history: [], ...more });
const line = (of: string, parts: Partial<Environment>): string | undefined =>
  text(parts)
    .split('\n')
    .find((one) => one.startsWith(`  ${of}`))
    ?.slice(11);

const fixes = [{ manager: 'pip', package: 'jinja2', version: '2.10.1' }] as const;
test.each<[string, Environment['candidate'], string]>([
  ['building', { phase: 'building', build: { number: 1, fixes: [] }, ...waits }, 'build 1 is under way'],
  [
    'rebuilding',
    { phase: 'building', build: { number: 2, fixes: [...fixes] }, replaces: image, ...waits },
    'build 2 is under way, with jinja2 2.10.1',
  ],
  [
    'build-failed',
    {
      phase: 'build-failed',
      build: { number: 1, fixes: [] },
      reason: 'FAILED in BUILD: no such package.',
      ...since,
    },
    'build 1 failed: FAILED in BUILD: no such package.',
  ],
  ['scanning', { phase: 'scanning', image, ...waits }, `${short} is being scanned`],
  [
    'blocked',
    { phase: 'blocked', image, blocking: 1, why: 'CVE-1 HIGH: a 1, no fix yet.', ...waits },
    `${short} is blocked: CVE-1 HIGH: a 1, no fix yet.`,
  ],
  [
    'awaiting-approval',
    { phase: 'awaiting-approval', image, basis: { policyVersion: '1', waivers: [] }, ...waits },
    `${short} passed and waits for an approver: schwifty approve checkout/web`,
  ],
  [
    'promoting',
    { phase: 'promoting', image, approval, ...waits },
    `${short} was approved by anna and is being promoted`,
  ],
  [
    'promoted',
    { phase: 'promoted', image, approval, ...since },
    `${short} was approved by anna and is promoted`,
  ],
  [
    'refused',
    { phase: 'refused', image, reason: 'the image was deleted', ...since },
    `${short} was not promoted: the image was deleted`,
  ],
])('image: %s', (_, candidate, expected) => {
  expect(line('image', { candidate })).toBe(expected);
});

const released = { digest, approval, ...waits };
const failed = { digest: digestOf('newer'), reason: 'OOMKilled: ask for more.' };
const inPlace = ` (in place of ${failed.digest.slice(0, 19)}, which was not Ready in time: OOMKilled: ask for more.)`;
test.each<[string, Environment['release'], string]>([
  ['none', { phase: 'none' }, 'nothing yet'],
  ['deploying, not begun', { phase: 'deploying', ...released }, `${short} is being rolled out`],
  [
    'deploying',
    { phase: 'deploying', ...released, deadline: start },
    `${short} is being rolled out, to be Ready by ${start}`,
  ],
  [
    'rolling back',
    { phase: 'rolling-back', ...released, deadline: start, failed },
    `${short} is gone back to, to be Ready by ${start}${inPlace}`,
  ],
  [
    'ready',
    { phase: 'ready', ...released, address: 'lb-1.elb.example' },
    `${short} is Ready since ${start} at lb-1.elb.example`,
  ],
  [
    'ready again',
    { phase: 'ready', ...released, address: 'lb-1.elb.example', failed },
    `${short} is Ready since ${start} at lb-1.elb.example${inPlace}`,
  ],
  [
    'unready',
    { phase: 'unready', ...released, reason: 'No pod yet.' },
    `${short} is not Ready since ${start}: No pod yet.`,
  ],
  [
    'held',
    { phase: 'held', ...released, reason: 'No pod yet.' },
    `${short} was not Ready in time and is held since ${start}: No pod yet.`,
  ],
])('running: %s', (_, release, expected) => {
  expect(line('running', { release })).toBe(expected);
});

test('a verdict says what blocks, by which rule, and where it is fixed', () => {
  const blocking = verdict({
    result: 'block',
    counts: { CRITICAL: 1, LOW: 3 },
    blocking: 1,
    reasons: [{ rule: 'severity', finding: finding() }],
  });
  expect(text({}, { verdict: blocking })).toContain(
    [
      '  verdict  block under policy 1 (1 CRITICAL, 3 LOW)',
      '           CVE-2019-10906 CRITICAL: jinja2 2.10, fixed in 2.10.1 (rule severity of policy 1)',
    ].join('\n'),
  );
  expect(text({}, { verdict: verdict() })).toContain('  verdict  pass under policy 1 (no findings)');
});

test('of more reasons than were kept, it says how many', () => {
  const many = verdict({
    result: 'block',
    blocking: 60,
    reasons: [{ rule: 'severity', finding: finding() }],
  });
  expect(text({}, { verdict: many })).toContain('           and 59 more');
});

test('a verdict without a scan speaks of no findings that nobody looked for', () => {
  const message = 'The scan has not ended yet. Nothing to do: it is asked for again.';
  const none = verdict({ result: 'block', blocking: 1, reasons: [{ rule: 'scan-pending', message }] });
  expect(text({}, { verdict: none })).toContain(`  verdict  block under policy 1\n           ${message}`);
});

test('the whole, from its first line to its last', () => {
  const incident = { id: 'i', kind: 'oom' as const, openedAt: start, lastSeenAt: start, summary: 'Killed.' };
  const whole = text(
    {
      candidate: { phase: 'promoted', image, approval, ...since },
      release: { phase: 'ready', ...released, address: 'lb-1.elb.example' },
      dns: { name: 'web.checkout.schwifty.example', target: 'lb-1.elb.example' },
      incidents: [incident],
    },
    {
      phase: 'ready',
      url: 'https://web.checkout.schwifty.example',
      history: [{ at: start, actor: 'rita', what: 'asked for the environment' }],
    },
  );
  expect(whole.split('\n')).toEqual([
    'checkout/web in cluster main: ready (version 1)',
    `  image    ${short} was approved by anna and is promoted`,
    `  running  ${short} is Ready since ${start} at lb-1.elb.example`,
    '  address  https://web.checkout.schwifty.example → lb-1.elb.example',
    `  INCIDENT oom since ${start}: Killed.`,
    '  history',
    `    ${start}  rita     asked for the environment`,
  ]);
});

test('how people log in, once there is somewhere to', () => {
  const spec = { ...base.spec, access: { ssh: true, memoryMiB: 256 } };
  const dns = { name: 'web.checkout.schwifty.example', target: '10.0.0.1' };
  const sshHostKey = { publicKey: 'ssh-ed25519 AAAA', fingerprint: 'SHA256:abc' };
  expect(line('ssh', { dns })).toBeUndefined();
  expect(line('ssh', { spec, dns })).toBe('it has no SSH server yet');
  expect(line('ssh', { spec, dns, sshHostKey })).toBe(
    'ssh app@web.checkout.schwifty.example, whose host key is SHA256:abc',
  );
});

test('what may be a mistake stands before what runs', () => {
  const warnings = [{ path: 'spec.packages.pip.0', message: 'reqeusts is one letter away' }];
  expect(text({}, { warnings })).toContain('\n  WARNING  spec.packages.pip.0: reqeusts is one letter away\n');
});
