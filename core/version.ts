/** Orders versions well enough to pick the highest of several fixed ones of the same package. */

/**
 * Runs of digits by value, the rest by letters; a release is above its own pre-releases (`1.0` > `1.0rc1`) and below its
 * post-releases. An epoch (PEP 440 `1!2.0`, Debian `1:2.0`) goes before everything.
 */
export function compareVersions(a: string, b: string): number {
  const epochs = epochOf(a) - epochOf(b);
  if (epochs !== 0) return epochs;
  const left = partsOf(a);
  const right = partsOf(b);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = comparePart(left[i], right[i]);
    if (order !== 0) return order;
  }
  return 0;
}

const epoch = /^(\d+)[!:]/;
const epochOf = (version: string): number => Number(epoch.exec(version)?.[1] ?? 0);
const partsOf = (version: string): string[] => version.replace(epoch, '').match(/\d+|[a-z]+|~/gi) ?? [];

function comparePart(a: string | undefined, b: string | undefined): number {
  const [rankA, rankB] = [rank(a), rank(b)];
  if (rankA !== rankB) return rankA - rankB;
  if (a === undefined || b === undefined || a === b) return 0;
  return rankA === 4 ? Number(a) - Number(b) || a.length - b.length : a < b ? -1 : 1;
}

/** `~` sorts below the end (Debian policy 5.6.12), `dev` and other pre-releases below it, post-releases and digits above. */
function rank(part: string | undefined): number {
  if (part === '~') return 0;
  if (part === undefined) return 2;
  if (/^\d/.test(part)) return 4;
  if (/^dev$/i.test(part)) return 0.5;
  return /^(?:post|rev)$/i.test(part) ? 3 : 1;
}
