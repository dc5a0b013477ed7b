/** Order of npm versions by Semantic Versioning 2.0.0, section 11; build metadata does not count. */
import { compareNumbers } from './dpkg.ts';

const pattern = /^\s*[v=]?\s*(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\s*$/;

function parse(text: string): { readonly core: readonly string[]; readonly pre: readonly string[] } {
  const match = pattern.exec(text);
  if (!match) throw new RangeError(`«${text}» is no npm version (SemVer)`);
  return { core: match.slice(1, 4), pre: match[4]?.split('.') ?? [] };
}

export function compareSemver(left: string, right: string): number {
  const a = parse(left);
  const b = parse(right);
  for (let i = 0; i < 3; i++) {
    const difference = compareNumbers(a.core[i] ?? '0', b.core[i] ?? '0');
    if (difference !== 0) return difference;
  }
  // A pre-release comes before its release.
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  return comparePre(a.pre, b.pre);
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [left, right] = [a[i], b[i]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const difference = compareIdentifiers(left, right);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareIdentifiers(a: string, b: string): number {
  const numbers = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numbers[0] && numbers[1]) return compareNumbers(a, b);
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}
