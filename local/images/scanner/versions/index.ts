/** Which ecosystem orders its versions how. `Debian:12` is the release 12 of the ecosystem `Debian`. */
import { compareDebian } from './dpkg.ts';
import { comparePython } from './pep440.ts';
import { compareSemver } from './semver.ts';

type Compare = (left: string, right: string) => number;

const comparators: ReadonlyMap<string, Compare> = new Map([
  ['Debian', compareDebian],
  ['PyPI', comparePython],
  ['npm', compareSemver],
]);

/** Undefined for an ecosystem that this scanner cannot order. The comparators throw RangeError on what is no version. */
export function comparatorOf(ecosystem: string): Compare | undefined {
  return comparators.get(ecosystem.split(':')[0] ?? ecosystem);
}
