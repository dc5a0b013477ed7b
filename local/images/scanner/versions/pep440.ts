/** Order of Python versions by PEP 440: epoch, release, then dev < pre < final < post, then the local label. */
import { compareNumbers } from './dpkg.ts';

interface PythonVersion {
  readonly epoch: string;
  readonly release: readonly string[];
  /** Sorts as text first (`a` < `b` < `rc`), by number next. */
  readonly pre: readonly [label: string, number: string] | undefined;
  readonly post: string | undefined;
  readonly dev: string | undefined;
  readonly local: readonly string[] | undefined;
}

const pattern = new RegExp(
  [
    /^\s*v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)/,
    /(?:[-_.]?(?<label>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?<pre>\d*))?/,
    /(?:-(?<implicitPost>\d+)|[-_.]?(?<postLabel>post|rev|r)[-_.]?(?<post>\d*))?/,
    /(?:[-_.]?(?<devLabel>dev)[-_.]?(?<dev>\d*))?/,
    /(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$/,
  ]
    .map((part) => part.source)
    .join(''),
  'i',
);

const labels: Readonly<Record<string, string>> = { alpha: 'a', beta: 'b', c: 'rc', pre: 'rc', preview: 'rc' };

function parse(text: string): PythonVersion {
  const groups = pattern.exec(text)?.groups;
  if (!groups?.['release']) throw new RangeError(`«${text}» is no Python version (PEP 440)`);
  const label = groups['label']?.toLowerCase();
  return {
    epoch: groups['epoch'] ?? '0',
    // 1.0 and 1.0.0 are equal: trailing zeros carry nothing.
    release: groups['release'].replace(/(?:\.0+)+$/, '').split('.'),
    pre: label === undefined ? undefined : [labels[label] ?? label, groups['pre'] ?? ''],
    post: groups['implicitPost'] ?? (groups['postLabel'] === undefined ? undefined : (groups['post'] ?? '')),
    dev: groups['devLabel'] === undefined ? undefined : (groups['dev'] ?? ''),
    local: groups['local']?.toLowerCase().split(/[-_.]/),
  };
}

export function comparePython(left: string, right: string): number {
  const a = parse(left);
  const b = parse(right);
  return (
    compareNumbers(a.epoch, b.epoch) ||
    compareRelease(a.release, b.release) ||
    stage(a) - stage(b) ||
    (a.pre && b.pre ? comparePre(a.pre, b.pre) : 0) ||
    compareOptional(a.post, b.post, -1) ||
    compareOptional(a.dev, b.dev, 1) ||
    compareLocal(a.local, b.local)
  );
}

/** 1.0.dev1 < 1.0a1 < 1.0 (and 1.0.post1): a dev release of nothing else comes before every pre-release. */
function stage(version: PythonVersion): number {
  if (version.pre) return 1;
  return version.dev !== undefined && version.post === undefined ? 0 : 2;
}

function comparePre(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] === b[0] ? compareNumbers(a[1], b[1]) : a[0] < b[0] ? -1 : 1;
}

/** `absent` says where a missing part sorts: before (-1) or after (1) every number. */
function compareOptional(a: string | undefined, b: string | undefined, absent: 1 | -1): number {
  if (a === undefined) return b === undefined ? 0 : absent;
  return b === undefined ? -absent : compareNumbers(a, b);
}

function compareRelease(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = compareNumbers(a[i] ?? '0', b[i] ?? '0');
    if (difference !== 0) return difference;
  }
  return 0;
}

/** No local label sorts before any; in one, numbers sort after words, and a longer label after its beginning. */
function compareLocal(a: readonly string[] | undefined, b: readonly string[] | undefined): number {
  if (!a || !b) return Number(a !== undefined) - Number(b !== undefined);
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [left, right] = [a[i], b[i]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    const difference = compareSegments(left, right);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareSegments(a: string, b: string): number {
  const numbers = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numbers[0] && numbers[1]) return compareNumbers(a, b);
  if (numbers[0] !== numbers[1]) return numbers[0] ? 1 : -1;
  return a === b ? 0 : a < b ? -1 : 1;
}
