/**
 * Packages of one spec in two parts: what stands in its list first, by fours, and the rest. Who adds one at the end has that part made
 * anew, and the layer of the first comes from the cache; each fourth one is taken into the first part. The same list has the same
 * parts, whatever was built before.
 */
const step = 4;

export interface Parts<T> {
  readonly first: readonly T[];
  /** Empty where all is one part. */
  readonly more: readonly T[];
}

export function partsOf<T>(list: readonly T[]): Parts<T> {
  const length = list.length < step ? list.length : list.length - (list.length % step);
  return { first: list.slice(0, length), more: list.slice(length) };
}
