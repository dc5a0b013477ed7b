/** What of an image is scanned: the packages of its final file system, each answered for once. */
import { describe, expect, test } from 'vitest';
import type { Entry } from './registry.ts';
import { debian, dpkg, glibc, ids, minimist, node, python, registry, scan, scanLayers } from './scans.ts';

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
