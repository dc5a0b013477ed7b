// From a pushed image to findings in ECR's shapes.
import { describe, expect, test } from 'vitest';
import { advisoriesOf, parseAdvisory } from '#local/images/scanner/advisories.ts';
import type { Entry } from './registry.ts';
import { debian, dpkg, glibc, ids, minimist, node, python, registry, scan, scanLayers } from './scans.ts';

describe('malicious packages', () => {
  test('are found by their record, which has no severity and no CVE', async () => {
    const result = await scanLayers([[debian, dpkg(), python('3web', '1.0.0')]]);
    expect(ids(result)).toEqual(['MAL-2024-9933']);
    expect(result.enhancedFindings?.[0]).toMatchObject({ severity: 'UNTRIAGED', fixAvailable: 'NO' });
  });

  test('are called so where a record of another name tells of them too', async () => {
    const affected = [{ package: { ecosystem: 'PyPI', name: '3web' }, versions: ['1.0.0'] }];
    const record = { modified: '2026-01-01T00:00:00Z', affected };
    const ghsa = parseAdvisory({ ...record, id: 'GHSA-a-b-c', aliases: ['MAL-1'] });
    const mal = parseAdvisory({ ...record, id: 'MAL-1', aliases: ['GHSA-a-b-c', 'CVE-2026-1'] });
    const known = advisoriesOf([ghsa, mal]);
    expect(ids(await scanLayers([[debian, python('3web', '1.0.0')]], 'ENHANCED', known))).toContain('MAL-1');
  });
});

describe('findings', () => {
  test('name the CVE, the package and the version that repairs it', async () => {
    const result = await scanLayers([
      [debian, dpkg(glibc('2.36-9+deb12u14'))],
      [python('Django', '3.2.12'), minimist],
    ]);
    expect(result).toMatchObject({ status: 'COMPLETE', severityCounts: { CRITICAL: 2 }, notAssessed: [] });
    expect(result.enhancedFindings?.[0]).toMatchObject({
      severity: 'CRITICAL',
      score: 9.8,
      fixAvailable: 'YES',
      status: 'ACTIVE',
      type: 'PACKAGE_VULNERABILITY',
      packageVulnerabilityDetails: {
        vulnerabilityId: 'CVE-2022-28346',
        relatedVulnerabilities: ['GHSA-2gwj-7jmv-h26r'],
        source: 'GITHUB',
        vulnerablePackages: [
          { name: 'Django', version: '3.2.12', packageManager: 'PYTHONPKG', fixedInVersion: '3.2.13' },
        ],
      },
      resources: [
        { type: 'AWS_ECR_CONTAINER_IMAGE', details: { awsEcrContainerImage: { imageTags: ['v1'] } } },
      ],
    });
    expect(ids(result)).toEqual(['CVE-2022-28346', 'CVE-2021-44906']);
  });

  test('are gone with the fixed versions that the records name', async () => {
    const fixed = node('usr/local/lib/node_modules/minimist', { name: 'minimist', version: '1.2.6' });
    const result = await scanLayers([[debian, python('Django', '3.2.13'), fixed]]);
    expect(result).toMatchObject({ status: 'COMPLETE', enhancedFindings: [], severityCounts: {} });
  });

  test('count a vulnerability that two databases tell of once', async () => {
    const result = await scanLayers([[debian, python('requests', '2.30.0')]]);
    expect(result.severityCounts).toEqual({ MEDIUM: 1 });
    expect(result.enhancedFindings?.[0]?.packageVulnerabilityDetails?.relatedVulnerabilities).toEqual(
      expect.arrayContaining(['GHSA-j8r2-6x86-q33q', 'PYSEC-2023-74']),
    );
  });

  test('are about source packages in a basic scan, which says nothing of repairs or of other packages', async () => {
    const result = await scanLayers([[debian, dpkg(glibc('2.36-9+deb12u2')), minimist]], 'BASIC');
    const looney = result.findings?.find((finding) => finding.name === 'CVE-2023-4911');
    expect(looney).toMatchObject({ severity: 'UNDEFINED' });
    expect(looney?.attributes).toEqual([
      { key: 'package_name', value: 'glibc' },
      { key: 'package_version', value: '2.36-9+deb12u2' },
    ]);
    expect(result.findings?.some((finding) => finding.name === 'CVE-2021-44906')).toBe(false);
  });

  test('without any severity are UNTRIAGED, and split a Debian version as Inspector does', async () => {
    const result = await scanLayers([[debian, dpkg(glibc('2.36-9+deb12u2'))]]);
    expect(Object.keys(result.severityCounts)).toEqual(['UNTRIAGED']);
    expect(result.enhancedFindings?.[0]?.packageVulnerabilityDetails?.vulnerablePackages?.[0]).toMatchObject({
      name: 'libc6',
      version: '2.36',
      release: '9+deb12u2',
      epoch: 0,
      arch: 'AMD64',
      packageManager: 'OS',
    });
  });

  test('say PARTIAL when only some of the packages can be repaired', async () => {
    const known = advisoriesOf([
      parseAdvisory({
        id: 'DSA-1-1',
        modified: '2026-01-01T00:00:00Z',
        upstream: ['CVE-2026-1000', 'CVE-2026-1001'],
        affected: [
          {
            package: { ecosystem: 'Debian:12', name: 'glibc' },
            ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '9' }] }],
          },
          {
            package: { ecosystem: 'Debian:12', name: 'old' },
            ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
          },
        ],
      }),
    ]);
    const old = 'Package: old\nStatus: install ok installed\nVersion: 1';
    const result = await scanLayers([[debian, dpkg(glibc('2.36-9'), old)]], 'ENHANCED', known);
    expect(ids(result)).toEqual(['CVE-2026-1000', 'CVE-2026-1001']);
    expect(result.enhancedFindings?.map((each) => each.fixAvailable)).toEqual(['PARTIAL', 'PARTIAL']);
  });
});

describe('no answer is no pass', () => {
  test('a package that no advisory covers fails the scan by its name', async () => {
    const ubuntu: Entry = { name: 'etc/os-release', content: 'ID=ubuntu\nVERSION_ID="24.04"\n' };
    const result = await scanLayers([[ubuntu, dpkg(glibc('2.39-0ubuntu8'))]]);
    expect(result).toMatchObject({
      status: 'FAILED',
      notAssessed: [{ name: 'libc6', version: '2.39-0ubuntu8' }],
    });
    expect(result.description).toBe(
      'The scan is not complete: not assessed: libc6 2.39-0ubuntu8 (no advisories for ubuntu:24.04)',
    );
  });

  test.each<[string, Entry, string]>([
    ['a version that cannot be ordered', python('Django', 'nonsense'), 'is no Python version'],
    ['a broken package.json', { name: 'srv/node_modules/x/package.json', content: '{' }, 'cannot be read'],
    ['a foreign package database', { name: 'lib/apk/db/installed', content: '' }, 'Alpine packages (apk)'],
  ])('%s fails the scan', async (_, entry, message) => {
    const result = await scanLayers([[debian, entry]]);
    expect(result.status).toBe('FAILED');
    expect(result.description).toContain(message);
  });

  test('images from scratch, of another system, and artifacts are unsupported', async () => {
    const scratch = await scanLayers([[{ name: 'app', content: 'x' }]]);
    expect(scratch).toMatchObject({ status: 'UNSUPPORTED_IMAGE' });
    expect(scratch.description).toContain('UnsupportedImageError');
    const windows = await registry.image([[debian]], { os: 'windows' });
    expect(await scan(windows.digest)).toMatchObject({ status: 'UNSUPPORTED_IMAGE' });
    const config = registry.put({}, 'application/vnd.oci.empty.v1+json');
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const artifact = registry.put({ schemaVersion: 2, mediaType: type, config, layers: [] }, type);
    expect(await scan(artifact.digest)).toMatchObject({ status: 'UNSUPPORTED_IMAGE' });
  });

  test('an absent image and one whose bytes are not what its digest names fail', async () => {
    const absent = await scan(`sha256:${'0'.repeat(64)}`);
    expect(absent).toMatchObject({ status: 'FAILED', description: expect.stringContaining('404') });
    const image = await registry.image([[debian, { name: 'spoilt', content: 'x' }]]);
    registry.spoil(image.digest);
    expect(await scan(image.digest)).toMatchObject({
      status: 'FAILED',
      description: expect.stringContaining('not sha256'),
    });
  });

  test('of an index the Linux image is scanned, never an attestation', async () => {
    const image = await registry.image([[debian, minimist]]);
    const attestation = {
      ...(await registry.image([[debian]])),
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    const type = 'application/vnd.oci.image.index.v1+json';
    const index = registry.put(
      { manifests: [attestation, { ...image, platform: { os: 'linux', architecture: 'amd64' } }] },
      type,
    );
    expect(ids(await scan(index.digest))).toEqual(['CVE-2021-44906']);
  });
});

test('a withdrawn record is not used, and what is no record is refused', () => {
  const record = {
    id: 'GHSA-aaaa-bbbb-cccc',
    modified: '2026-01-01T00:00:00Z',
    withdrawn: '2026-02-01T00:00:00Z',
    affected: [{ package: { ecosystem: 'npm', name: 'x' }, versions: ['1.0.0'] }],
  };
  expect(advisoriesOf([parseAdvisory(record)]).covers('npm')).toBe(false);
  expect(() => parseAdvisory({ ...record, modified: 'yesterday' })).toThrow('modified');
});
