// From a pushed image to findings in ECR's shapes.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Advisories,
  advisoriesOf,
  loadAdvisories,
  parseAdvisory,
} from '#local/images/scanner/advisories.ts';
import { type ScanResult, scanHandler } from '#local/images/scanner/handler.ts';
import { type Entry, type TestRegistry, testRegistry } from './registry.ts';

let registry: TestRegistry;
let advisories: Advisories;
beforeAll(async () => {
  registry = await testRegistry();
  advisories = await loadAdvisories(join(import.meta.dirname, '../../../local/advisories'));
});
afterAll(() => registry.close());

const debian: Entry = { name: 'usr/lib/os-release', content: 'ID=debian\nVERSION_ID="12"\n' };
const dpkg = (...packages: string[]): Entry => ({
  name: 'var/lib/dpkg/status',
  content: packages.join('\n\n'),
});
const glibc = (version: string) =>
  `Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\nVersion: ${version}`;
const python = (name: string, version: string, folder = 'opt/venv/lib/python3.11/site-packages'): Entry => ({
  name: `${folder}/${name}-${version}.dist-info/METADATA`,
  content: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\nVersion: 0`,
});
const node = (path: string, content: object): Entry => ({
  name: `${path}/package.json`,
  content: JSON.stringify(content),
});
const minimist = node('usr/local/lib/node_modules/minimist', { name: 'minimist', version: '1.2.5' });

async function scan(digest: string, scanType = 'ENHANCED', known = advisories): Promise<ScanResult> {
  const handler = scanHandler({
    registry: registry.url,
    accountId: '000000000000',
    region: 'us-east-1',
    advisories: known,
    architecture: 'amd64',
    now: () => new Date('2026-11-23T12:00:00Z'),
    log: () => undefined,
  });
  const body = JSON.stringify({ repository: 'candidate/a/b', digest, tags: ['v1'], scanType });
  const response = await handler(new Request('http://local/scan', { method: 'POST', body }));
  expect(response.status).toBe(200);
  return (await response.json()) as ScanResult;
}

const scanLayers = async (layers: readonly (readonly Entry[])[], scanType?: string, known?: Advisories) =>
  scan((await registry.image(layers)).digest, scanType, known);
const ids = (result: ScanResult) =>
  result.enhancedFindings?.map((each) => each.packageVulnerabilityDetails?.vulnerabilityId);

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

describe('only the final file system counts', () => {
  const modules = 'usr/local/lib/node_modules';

  test.each<[string, Entry[]]>([
    ['a whiteout of the file', [{ name: `${modules}/minimist/.wh.package.json` }]],
    ['a whiteout of a folder above it', [{ name: 'usr/local/.wh.lib' }]],
    ['an opaque folder', [{ name: `${modules}/.wh..wh..opq` }]],
    [
      'a symbolic link in place of the folder',
      [{ name: `${modules}/minimist`, type: 'symlink', linkname: '/elsewhere' }],
    ],
    ['a newer file', [node(`${modules}/minimist`, { name: 'minimist', version: '1.2.8' })]],
  ])('%s hides what lies below', async (_, upper) => {
    expect(ids(await scanLayers([[debian, minimist], upper]))).toEqual([]);
  });

  test('an opaque folder keeps what its own layer puts there, in either order', async () => {
    const upper: Entry[] = [python('Django', '3.2.12', modules), { name: `./${modules}/.wh..wh..opq` }];
    expect(ids(await scanLayers([[debian, minimist], upper]))).toEqual(['CVE-2022-28346']);
    expect(ids(await scanLayers([[debian, minimist], upper.toReversed()]))).toEqual(['CVE-2022-28346']);
  });

  test('the lowest layer, which most images have in common, is read once, and what lies upon it each time', async () => {
    const base = [debian, dpkg(), python('Django', '3.2.12')];
    const first = await scanLayers([base]);
    const before = registry.asked.length;
    const other = await scanLayers([base, [{ name: 'opt/venv/lib/.wh.python3.11' }]]);
    expect(ids(first)).not.toEqual([]);
    expect(ids(other)).toEqual([]);
    // Manifest, its configuration, and the upper layer.
    expect(registry.asked.slice(before)).toHaveLength(3);
    expect(ids(await scanLayers([base]))).toEqual(ids(first));
  });

  test('a hard link is the file that it leads to, and zstd layers are read', async () => {
    const link: Entry = {
      name: 'srv/node_modules/minimist/package.json',
      type: 'link',
      linkname: minimist.name,
    };
    const image = await registry.image([[debian, minimist, link]], { compression: 'zstd' });
    const [finding] = (await scan(image.digest)).enhancedFindings ?? [];
    expect(finding?.packageVulnerabilityDetails?.vulnerablePackages).toHaveLength(2);
  });
});

describe('what counts as a package', () => {
  test('Debian answers for the Python and Node packages that dpkg owns', async () => {
    const folder = 'usr/lib/python3/dist-packages';
    const owned = python('Django', '3.2.12', folder);
    const list: Entry = { name: 'var/lib/dpkg/info/python3-django.list', content: `/.\n/${owned.name}\n` };
    expect(ids(await scanLayers([[debian, owned, list]]))).toEqual([]);
    expect(ids(await scanLayers([[debian, owned]]))).toEqual(['CVE-2022-28346']);
  });

  test('scoped and nested packages are read, fixtures and removed packages are not', async () => {
    const result = await scanLayers([
      [
        debian,
        dpkg(glibc('2.36-9').replace('install ok installed', 'deinstall ok config-files')),
        node('srv/node_modules/@a/b/node_modules/lodash', { name: 'lodash', version: '4.17.20' }),
        node('srv/node_modules/resolve/test/minimist', { name: 'minimist', version: '1.2.5' }),
        node('srv/node_modules/no-version', { name: 'no-version' }),
      ],
    ]);
    expect(ids(result)).toEqual(['CVE-2021-23337']);
    expect(result.status).toBe('COMPLETE');
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
