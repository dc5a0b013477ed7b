/** Which packages an image holds, from its package databases. */
import { type ImageFile, readFiles } from './layers.ts';
import { ecosystemOf, isDpkgList, isDpkgStatus, readDpkgList, readDpkgStatus } from './packages/dpkg.ts';
import { isNpmManifest, readNpmManifest } from './packages/npm.ts';
import type { InstalledPackage, Unassessed } from './packages/package.ts';
import { isPythonMetadata, readPythonMetadata } from './packages/python.ts';
import { type ImageReference, readImage, UnsupportedImage } from './registry.ts';

interface Inventory {
  readonly architecture: string;
  readonly packages: readonly InstalledPackage[];
  readonly unassessed: readonly Unassessed[];
}

/** usr/lib first: /etc/os-release is a symbolic link to it in most images. */
const releaseFiles = ['usr/lib/os-release', 'etc/os-release'];

/** Package databases that exist and that this scanner cannot read: to find one means that the scan is not complete. */
const foreignDatabases: ReadonlyMap<string, string> = new Map([
  ['lib/apk/db/installed', 'Alpine packages (apk)'],
  ['usr/lib/apk/db/installed', 'Alpine packages (apk)'],
  ['var/lib/rpm/rpmdb.sqlite', 'RPM packages'],
  ['var/lib/rpm/Packages', 'RPM packages'],
  ['var/lib/rpm/Packages.db', 'RPM packages'],
  ['usr/lib/sysimage/rpm/rpmdb.sqlite', 'RPM packages'],
  ['usr/lib/sysimage/rpm/Packages.db', 'RPM packages'],
]);

const isLanguagePackage = (path: string) => isPythonMetadata(path) || isNpmManifest(path);
const wanted = (path: string) =>
  releaseFiles.includes(path) ||
  foreignDatabases.has(path) ||
  isDpkgStatus(path) ||
  isDpkgList(path) ||
  isLanguagePackage(path);

export async function readInventory(reference: ImageReference, architecture: string): Promise<Inventory> {
  const image = await readImage(reference, architecture);
  if (image.os !== 'linux') throw new UnsupportedImage(`its operating system is ${image.os}`);
  const files = await readFiles(reference, image.layers, wanted);
  return { architecture: image.architecture, ...inventoryOf(files) };
}

function inventoryOf(files: ReadonlyMap<string, ImageFile>): Pick<Inventory, 'packages' | 'unassessed'> {
  const release = releaseFiles.map((path) => files.get(path)).find((file) => file !== undefined);
  const foreign = [...files.keys()].filter((path) => foreignDatabases.has(path));
  const databases = [...files.values()].filter((file) => isDpkgStatus(file.path));
  if (!release && databases.length === 0 && foreign.length === 0) {
    throw new UnsupportedImage(
      'it has neither /etc/os-release nor a package database, as an image made from scratch',
    );
  }
  const ecosystem = release ? ecosystemOf(release.content.toString('utf8')) : 'unknown:unknown';
  const packages = databases.flatMap((file) => readDpkgStatus(file, ecosystem));
  const unassessed: Unassessed[] = foreign.map((path) => ({
    name: foreignDatabases.get(path) ?? path,
    filePath: path,
    reason: 'this scanner does not read this package database',
  }));
  for (const found of languagePackages(files)) {
    if ('reason' in found) unassessed.push(found);
    else packages.push(found);
  }
  return { packages, unassessed };
}

/**
 * What dpkg owns is left out: Debian repairs its Python and Node packages without raising their upstream version,
 * so only Debian's own advisories are right about them.
 */
function languagePackages(files: ReadonlyMap<string, ImageFile>): (InstalledPackage | Unassessed)[] {
  const owned = new Set<string>();
  for (const file of files.values()) {
    if (isDpkgList(file.path)) for (const path of readDpkgList(file, isLanguagePackage)) owned.add(path);
  }
  return [...files.values()]
    .filter((file) => isLanguagePackage(file.path) && !owned.has(file.path))
    .map((file) => (isNpmManifest(file.path) ? readNpmManifest(file) : readPythonMetadata(file)))
    .filter((found) => found !== undefined);
}
