/** Orders versions well enough to pick the highest of several fixed ones of the same package. */

/** Runs of digits by value, the rest by letters; a release is above its own pre-releases (`1.0` > `1.0rc1`). */
export function compareVersions(a: string, b: string): number {
  const left = a.match(/\d+|[a-z]+|~/gi) ?? [];
  const right = b.match(/\d+|[a-z]+|~/gi) ?? [];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = comparePart(left[i], right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(a: string | undefined, b: string | undefined): number {
  const [rankA, rankB] = [rank(a), rank(b)];
  if (rankA !== rankB) return rankA - rankB;
  if (a === undefined || b === undefined || a === b) return 0;
  return rankA === 3 ? Number(a) - Number(b) || a.length - b.length : a < b ? -1 : 1;
}

/** `~` sorts below the end (Debian policy 5.6.12), letters below the end (pre-releases), digits above it. */
function rank(part: string | undefined): number {
  if (part === '~') return 0;
  if (part === undefined) return 2;
  return /^\d/.test(part) ? 3 : 1;
}
