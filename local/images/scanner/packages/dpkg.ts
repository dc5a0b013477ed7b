/** Debian's package database: /var/lib/dpkg/status, or one file a package in status.d in distroless images. */
import type { ImageFile } from '../layers.ts';
import type { InstalledPackage } from './package.ts';

export const isDpkgStatus = (path: string): boolean =>
  path === 'var/lib/dpkg/status' || /^var\/lib\/dpkg\/status\.d\/[^/]+$/.test(path);

/** The files of each package, from which follows what Debian itself put into the image. */
export const isDpkgList = (path: string): boolean => /^var\/lib\/dpkg\/info\/[^/]+\.list$/.test(path);

export function readDpkgStatus(file: ImageFile, ecosystem: string): InstalledPackage[] {
  const packages: InstalledPackage[] = [];
  for (const stanza of file.content.toString('utf8').split(/\n\s*\n/)) {
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.+)$`, 'm').exec(stanza)?.[1]?.trim();
    const name = field('Package');
    const version = field('Version');
    if (name === undefined || version === undefined) continue;
    // Removed packages stay in the database with their configuration; distroless writes no Status at all.
    if (!(field('Status') ?? 'install ok installed').endsWith(' installed')) continue;
    const arch = field('Architecture');
    packages.push({
      ecosystem,
      manager: 'OS',
      name,
      version,
      source: sourceOf(field('Source'), name, version),
      ...(arch === undefined ? {} : { arch }),
      filePath: file.path,
      layer: file.layer,
    });
  }
  return packages;
}

/** `Source: glibc (2.36-9)`; the version is given only where it differs, as after a rebuild for one architecture. */
function sourceOf(
  field: string | undefined,
  name: string,
  version: string,
): { name: string; version: string } {
  const match = /^(\S+)(?:\s+\((\S+)\))?$/.exec(field ?? '');
  return { name: match?.[1] ?? name, version: match?.[2] ?? version };
}

/** Paths that dpkg owns, among those that `wanted` is about. */
export function readDpkgList(file: ImageFile, wanted: (path: string) => boolean): string[] {
  return file.content
    .toString('utf8')
    .split('\n')
    .map((line) => line.replace(/^\//, ''))
    .filter(wanted);
}

/** `Debian:12` of /etc/os-release; a distribution of another name stays one that no advisory covers. */
export function ecosystemOf(osRelease: string): string {
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(osRelease)?.[1];
  const id = field('ID') ?? 'unknown';
  const release = field('VERSION_ID') ?? 'unknown';
  return `${id === 'debian' ? 'Debian' : id}:${release}`;
}
