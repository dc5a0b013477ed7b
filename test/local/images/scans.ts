/** Images made of packages, and what the scanner finds in them by the advisories of this repository. */
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { type Advisories, loadAdvisories } from '#local/images/scanner/advisories.ts';
import { type ScanResult, scanHandler } from '#local/images/scanner/handler.ts';
import { type Entry, testRegistry } from './registry.ts';

export const registry = await testRegistry();
afterAll(() => registry.close());
const advisories = await loadAdvisories(join(import.meta.dirname, '../../../local/advisories'));

export const debian: Entry = { name: 'usr/lib/os-release', content: 'ID=debian\nVERSION_ID="12"\n' };
export const dpkg = (...packages: string[]): Entry => ({
  name: 'var/lib/dpkg/status',
  content: packages.join('\n\n'),
});
export const glibc = (version: string) =>
  `Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\nVersion: ${version}`;
export const python = (
  name: string,
  version: string,
  folder = 'opt/venv/lib/python3.11/site-packages',
): Entry => ({
  name: `${folder}/${name}-${version}.dist-info/METADATA`,
  content: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\nVersion: 0`,
});
export const node = (path: string, content: object): Entry => ({
  name: `${path}/package.json`,
  content: JSON.stringify(content),
});
export const minimist = node('usr/local/lib/node_modules/minimist', { name: 'minimist', version: '1.2.5' });

export async function scan(digest: string, scanType = 'ENHANCED', known = advisories): Promise<ScanResult> {
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

export const scanLayers = async (
  layers: readonly (readonly Entry[])[],
  scanType?: string,
  known?: Advisories,
) => scan((await registry.image(layers)).digest, scanType, known);
export const ids = (result: ScanResult) =>
  result.enhancedFindings?.map((each) => each.packageVulnerabilityDetails?.vulnerabilityId);
