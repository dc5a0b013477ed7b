/** One installed package, as the scanner reports it. */
export interface InstalledPackage {
  /** As OSV names it: `Debian:12`, `PyPI`, `npm`. */
  readonly ecosystem: string;
  readonly manager: 'OS' | 'PYTHONPKG' | 'NODEPKG';
  readonly name: string;
  readonly version: string;
  /** What advisories speak of, where that is not the package itself: Debian's are about source packages. */
  readonly source?: { readonly name: string; readonly version: string };
  readonly arch?: string;
  /** Where it was found in the image, without a leading slash. */
  readonly filePath: string;
  /** Digest of the layer that holds that file. */
  readonly layer: string;
}

/** Something that looks like a package and that no answer can be given for. */
export interface Unassessed {
  readonly name: string;
  readonly version?: string;
  readonly filePath: string;
  readonly reason: string;
}

/** PyPI's names are equal whatever their case and separators (PEP 503). */
export function normalizedName(ecosystem: string, name: string): string {
  return ecosystem === 'PyPI' ? name.toLowerCase().replace(/[-_.]+/g, '-') : name;
}
