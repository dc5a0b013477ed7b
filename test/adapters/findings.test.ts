/** ECR's findings as its API reference and user guide show them. */
import type { EnhancedImageScanFinding } from '@aws-sdk/client-ecr';
import { expect, test } from 'vitest';
import { basicFinding, enhancedFinding, scanStatus } from '#adapters/aws/findings.ts';

const enhanced = (parts: Partial<EnhancedImageScanFinding> = {}): EnhancedImageScanFinding => ({
  awsAccountId: '000000000000',
  description: 'In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.',
  findingArn: 'arn:aws:inspector2:us-east-1:000000000000:finding/1',
  fixAvailable: 'YES',
  packageVulnerabilityDetails: {
    source: 'NVD',
    sourceUrl: 'https://nvd.nist.gov/vuln/detail/CVE-2019-10906',
    vendorSeverity: 'HIGH',
    vulnerabilityId: 'CVE-2019-10906',
    vulnerablePackages: [
      {
        arch: 'NOARCH',
        epoch: 0,
        filePath: 'opt/venv/lib/python3.11/site-packages/Jinja2-2.10.dist-info/METADATA',
        fixedInVersion: '2.10.1',
        name: 'jinja2',
        packageManager: 'PYTHONPKG',
        version: '2.10',
      },
    ],
  },
  severity: 'HIGH',
  status: 'ACTIVE',
  title: 'CVE-2019-10906 - jinja2',
  type: 'PACKAGE_VULNERABILITY',
  ...parts,
});
const withPackage = (parts: object, more: Partial<EnhancedImageScanFinding> = {}) =>
  enhancedFinding(
    enhanced({
      ...more,
      packageVulnerabilityDetails: {
        vulnerabilityId: 'CVE-1',
        vulnerablePackages: [{ name: 'p', version: '1', ...parts }],
      },
    }),
  )[0];

test('what is malicious by any of its names is called so', () => {
  const [found] = enhancedFinding(
    enhanced({
      packageVulnerabilityDetails: {
        vulnerabilityId: 'GHSA-aaaa-bbbb-cccc',
        relatedVulnerabilities: ['SNYK-1', 'MAL-2024-9933'],
        source: 'GITHUB',
        vulnerablePackages: [{ name: '3web', version: '1.0.0', packageManager: 'PYTHONPKG' }],
      },
    }),
  );
  expect(found).toMatchObject({ id: 'MAL-2024-9933', package: '3web' });
});

test('a finding of basic scanning', () => {
  const finding = basicFinding({
    name: 'CVE-2021-44228',
    description: 'Apache Log4j2 ...',
    uri: 'https://security-tracker.debian.org/tracker/CVE-2021-44228',
    severity: 'CRITICAL',
    attributes: [
      { key: 'package_version', value: '2.11.1-2' },
      { key: 'package_name', value: 'apache-log4j2' },
      { key: 'CVSS2_SCORE', value: '9.3' },
    ],
  });
  expect(finding).toEqual({
    id: 'CVE-2021-44228',
    severity: 'CRITICAL',
    package: 'apache-log4j2',
    installed: '2.11.1-2',
    ecosystem: 'os',
    fix: 'unknown',
    url: 'https://security-tracker.debian.org/tracker/CVE-2021-44228',
  });
});

test('what ECR leaves out is said to be unknown, and an unknown severity is none that passes', () => {
  const unknown = { id: 'unnamed finding', package: 'unnamed package', installed: 'unknown', fix: 'unknown' };
  expect(basicFinding({})).toMatchObject({ ...unknown, severity: 'UNKNOWN' });
  expect(enhancedFinding({})).toMatchObject([{ ...unknown, severity: 'UNKNOWN', ecosystem: 'other' }]);
});

test.each([
  ['UNDEFINED', 'UNTRIAGED'],
  ['UNTRIAGED', 'UNTRIAGED'],
  ['INFORMATIONAL', 'INFORMATIONAL'],
  ['critical', 'UNKNOWN'],
  ['CATASTROPHIC', 'UNKNOWN'],
])('severity %s is %s', (severity, expected) => {
  expect(enhancedFinding(enhanced({ severity }))[0]?.severity).toBe(expected);
});

test('a finding of enhanced scanning', () => {
  expect(enhancedFinding(enhanced())).toEqual([
    {
      id: 'CVE-2019-10906',
      severity: 'HIGH',
      package: 'jinja2',
      installed: '2.10',
      ecosystem: 'pip',
      fix: 'yes',
      fixedIn: '2.10.1',
      url: 'https://nvd.nist.gov/vuln/detail/CVE-2019-10906',
    },
  ]);
});

test('one finding in two packages is two, each with its own fix', () => {
  const vulnerablePackages = [
    {
      name: 'libc6',
      version: '2.36',
      release: '9+deb12u1',
      epoch: 1,
      packageManager: 'OS',
      fixedInVersion: '2.36-9+deb12u4',
    },
    { name: 'libc-bin', version: '2.36', packageManager: 'OS', fixedInVersion: 'NotAvailable' },
  ];
  const found = enhancedFinding(
    enhanced({
      fixAvailable: 'PARTIAL',
      packageVulnerabilityDetails: { vulnerabilityId: 'CVE-1', vulnerablePackages },
    }),
  );
  expect(found).toMatchObject([
    { package: 'libc6', installed: '1:2.36-9+deb12u1', fix: 'yes', fixedIn: '2.36-9+deb12u4' },
    { package: 'libc-bin', installed: '2.36', fix: 'partial' },
  ]);
  expect(found[1]).not.toHaveProperty('fixedIn');
});

test.each([
  ['YES', '2.0', { fix: 'yes', fixedIn: '2.0' }],
  ['YES', 'NotAvailable', { fix: 'unknown' }],
  ['YES', undefined, { fix: 'unknown' }],
  ['NO', 'NotAvailable', { fix: 'no' }],
  ['NO', '2.0', { fix: 'no' }],
  ['PARTIAL', undefined, { fix: 'partial' }],
  [undefined, undefined, { fix: 'unknown' }],
  ['PERHAPS', '2.0', { fix: 'unknown' }],
])('fixAvailable %s with fixedInVersion %s is %o', (fixAvailable, fixedInVersion, expected) => {
  const { fix, fixedIn } = withPackage({ fixedInVersion }, { fixAvailable }) ?? {};
  expect(fixedIn === undefined ? { fix } : { fix, fixedIn }).toEqual(expected);
});

test.each([
  ['OS', 'os'],
  ['PIP', 'pip'],
  ['PYTHONPKG', 'pip'],
  ['NODEPKG', 'npm'],
  ['YARN', 'npm'],
  ['GOBINARY', 'other'],
  ['JAR', 'other'],
  [undefined, 'other'],
])('package manager %s is %s', (packageManager, expected) => {
  expect(withPackage({ packageManager })?.ecosystem).toBe(expected);
});

test('what is closed is no finding', () => {
  expect(enhancedFinding(enhanced({ status: 'CLOSED' }))).toEqual([]);
});

test.each([
  ['COMPLETE', 'complete'],
  ['ACTIVE', 'watched'],
  ['IN_PROGRESS', { status: 'pending' }],
  ['PENDING', { status: 'pending' }],
  ['FAILED', { status: 'failed', reason: 'why' }],
  ['UNSUPPORTED_IMAGE', { status: 'unsupported', reason: 'why' }],
  ['SCAN_ELIGIBILITY_EXPIRED', { status: 'failed', reason: 'why' }],
  ['FINDINGS_UNAVAILABLE', { status: 'failed', reason: 'why' }],
  ['LIMIT_EXCEEDED', { status: 'failed', reason: 'why' }],
  ['IMAGE_ARCHIVED', { status: 'failed', reason: 'why' }],
])('scan status %s', (status, expected) => {
  expect(scanStatus(status, 'why')).toEqual(expected);
});

test('a status without a word of explanation', () => {
  expect(scanStatus('FAILED', undefined)).toEqual({ status: 'failed', reason: 'ECR says FAILED' });
  expect(scanStatus(undefined, undefined)).toEqual({ status: 'failed', reason: 'ECR says nothing' });
});
