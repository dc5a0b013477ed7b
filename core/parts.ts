/**
 * Packages of one spec in parts: what stands in its list first, by sixteens, as one; then fours; then the rest. Who adds one at the
 * end has the last part made anew, and the layers of those before come from the cache; each sixteenth one has all of it made. The
 * same list has the same parts, whatever was built before.
 */
const [few, many] = [4, 16];

/** Each has one at least: of an empty list there is none. */
export function partsOf<T>(list: readonly T[]): (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let at = 0; at < list.length; ) {
    const left = list.length - at;
    const size = left < few ? left : left < many ? few : left - (left % many);
    parts.push(list.slice(at, at + size));
    at += size;
  }
  return parts;
}
