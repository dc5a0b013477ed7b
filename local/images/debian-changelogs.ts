/**
 * Makes local/advisories/Debian/*.json: which version of a source package of Debian 12 repaired which CVE, read from the changelogs
 * that Debian's packages carry. They come from any Debian mirror, also where osv.dev is out of reach.
 * Run it as root of a Debian 12 after `apt-get update`: bash local/node24.sh local/images/debian-changelogs.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** One binary package for each source package whose changelog is read. */
const binaries = [
  'libc6',
  'libssl3',
  'libexpat1',
  'libgnutls30',
  'libnghttp2-14',
  'perl-base',
  'libsystemd0',
  'util-linux',
];

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'advisories', 'Debian');

interface Repair {
  readonly source: string;
  readonly version: string;
  readonly date: Date;
}

export function repairsOf(changelog: string): Map<string, Repair> {
  const repairs = new Map<string, Repair>();
  // Newest first, so that the first upload that names a CVE is the one that stays.
  for (const [, source = '', version = '', body = '', date = ''] of changelog.matchAll(
    /^(\S+) \(([^)]+)\) bookworm[^;\n]*;[^\n]*\n(.*?)\n -- [^\n]*> {2}([^\n]+)$/gms,
  )) {
    for (const [cve] of body.matchAll(/CVE-\d{4}-\d{4,}/g))
      repairs.set(cve, { source, version, date: new Date(date) });
  }
  return repairs;
}

function recordOf(cve: string, { source, version, date }: Repair): object {
  return {
    schema_version: '1.7.3',
    id: `DEBCHANGELOG-${source}-${cve}`,
    published: date.toISOString(),
    modified: date.toISOString(),
    upstream: [cve],
    summary: `${source}: ${cve}, repaired in ${version}`,
    affected: [
      {
        package: { ecosystem: 'Debian:12', name: source },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: version }] }],
      },
    ],
    references: [{ type: 'ADVISORY', url: `https://security-tracker.debian.org/tracker/${cve}` }],
    database_specific: { derived_from: `changelog.Debian.gz of ${source} in Debian 12` },
  };
}

function main(): void {
  const work = mkdtempSync(join(tmpdir(), 'changelogs-'));
  try {
    execFileSync('apt-get', ['download', ...binaries], { cwd: work, stdio: 'inherit' });
    for (const archive of readdirSync(work)) {
      const binary = archive.split('_')[0] ?? archive;
      const files = execFileSync('dpkg-deb', ['--fsys-tarfile', join(work, archive)], { maxBuffer: 2 ** 30 });
      const path = `./usr/share/doc/${binary}/changelog.Debian.gz`;
      const changelog = gunzipSync(
        execFileSync('tar', ['--extract', '--to-stdout', path], { input: files }),
      ).toString();
      for (const [cve, repair] of repairsOf(changelog)) {
        const file = join(folder, `DEBCHANGELOG-${repair.source}-${cve}.json`);
        writeFileSync(file, `${JSON.stringify(recordOf(cve, repair), null, 2)}\n`);
      }
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

if (import.meta.main) main();
