/** Work side by side: lanes take from one iterator in turn, and one that is done, or has failed, does not end it for the others. */
const count = 8;

/** @param lane takes what it is given to its end. */
export async function sideBySide<T>(
  items: Iterator<T>,
  lane: (own: Iterable<T>) => Promise<void>,
): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => lane(unended(items))));
}

function* unended<T>(items: Iterator<T>): Generator<T> {
  for (let next = items.next(); !next.done; next = items.next()) yield next.value;
}
