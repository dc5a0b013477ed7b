/**
 * Whether an offset of a CSV lies between quotes is a matter of all that comes before it. Each range is counted by itself,
 * in any order and many at once; the counts together say it of every range's start. It reads the object a second time.
 */
const doubleQuote = 0x22;

/** Whether a block has an odd number of quotes; of a range, the blocks' answers together. */
export function oddQuotes(block: Uint8Array): boolean {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  let odd = false;
  for (let at = bytes.indexOf(doubleQuote); at >= 0; at = bytes.indexOf(doubleQuote, at + 1)) odd = !odd;
  return odd;
}

/** Of each range of one object, in their order, whether it begins between quotes. */
export function quotedStarts(odd: readonly boolean[]): readonly boolean[] {
  let quoted = false;
  return odd.map((turns) => {
    const start = quoted;
    quoted = quoted !== turns;
    return start;
  });
}
