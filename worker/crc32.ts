/**
 * CRC-32 of what is read: by the processor's own multiplication without carries where there is a binding for it, else by zlib, which is the
 * same and takes three times as long (docs/adr/0030).
 */
import * as zlib from 'node:zlib';

type Crc32 = (bytes: Uint8Array, before?: number) => number;

/** A package for each platform: an image, or whoever runs the tests, may be without. */
const native: Crc32 | undefined = await import('@node-rs/crc32').then(
  (binding) => binding.crc32,
  () => undefined,
);

export const hasNativeCrc32 = native !== undefined;
export const crc32: Crc32 = native ?? zlib.crc32;
