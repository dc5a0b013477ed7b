/**
 * CRC-32 of what two checksums are of, one behind the other, without their bytes: so the checksums of all chunks give that of
 * the whole object, which S3 knows. The method of zlib's crc32_combine: zeros are appended by squaring a matrix over GF(2).
 */
const polynomial = 0xedb88320;

/** @param second of `length` bytes, which follow those of `first`. */
export function combineCrc32(first: number, second: number, length: number): number {
  let operator = squared(squared(oneZeroBit()));
  let crc = first;
  // Each turn's operator appends twice as many zero bytes as the one before; lengths are beyond 32 bits.
  for (let left = length; left > 0; left = Math.floor(left / 2)) {
    operator = squared(operator);
    if (left % 2 === 1) crc = applied(operator, crc);
  }
  return (crc ^ second) >>> 0;
}

const oneZeroBit = (): number[] =>
  Array.from({ length: 32 }, (_, bit) => (bit === 0 ? polynomial : 2 ** (bit - 1)));

function applied(matrix: readonly number[], vector: number): number {
  let sum = 0;
  for (let bit = 0, left = vector >>> 0; left !== 0; bit++, left >>>= 1)
    if ((left & 1) === 1) sum ^= matrix[bit] ?? 0;
  return sum >>> 0;
}

const squared = (matrix: readonly number[]): number[] => matrix.map((row) => applied(matrix, row));
