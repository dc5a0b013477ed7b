/**
 * How often a byte is in a block, which for lines is how many records: what a worker does with each byte of its input. To ask for one
 * line's end after the other was a quarter of its time. This looks at 64 bytes a turn: a function of WebAssembly, whose source is here.
 */

/** A block is not in memory that WebAssembly sees: it is copied there, as much at once as stays in the processor's cache. */
const pieceBytes = 32 * 1024;
const turnBytes = 64;

const [end, byte, at, found, wanted] = [0, 1, 2, 3, 4] as const;
const i32 = 0x7f;
const v128 = 0x7b;

/** LEB128. */
const unsigned = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const named = (text: string): number[] => sized([...Buffer.from(text)]);

/** Adds how many of the 16 bytes at `at + offset` are the one that is wanted. */
const lane = (offset: number): number[][] => [
  [0x20, at], //               local.get $at
  [0xfd, 0x00, 0, offset], //  v128.load offset=…
  [0x20, wanted], //           local.get $wanted
  [0xfd, 0x23], //             i8x16.eq
  [0xfd, 0x64], //             i8x16.bitmask
  [0x69], //                   i32.popcnt
  [0x6a], //                   i32.add
];

/** (func (export "count") (param $end i32) (param $byte i32) (result i32) */
const code = [
  [2, 2, i32, 1, v128], //   (local $at i32) (local $found i32) (local $wanted v128)
  [0x20, byte], //           local.get $byte
  [0xfd, 0x0f], //           i8x16.splat
  [0x21, wanted], //         local.set $wanted
  [0x03, 0x40], //           loop
  [0x20, found], //            local.get $found
  ...[0, 16, 32, 48].flatMap(lane),
  [0x21, found], //            local.set $found
  [0x20, at], //               local.get $at
  [0x41, turnBytes | 0x80, 0], // i32.const 64
  [0x6a], //                   i32.add
  [0x22, at], //               local.tee $at
  [0x20, end], //              local.get $end
  [0x49], //                   i32.lt_u
  [0x0d, 0], //                br_if 0
  [0x0b], //                 end
  [0x20, found], //          local.get $found
  [0x0b], //               )
].flat();

const binary = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // \0asm, version 1
  ...[1, ...sized([1, 0x60, 2, i32, i32, 1, i32])], // types: that of the function
  ...[3, ...sized([1, 0])], // functions: it has the first one
  ...[5, ...sized([1, 0, 1])], // memories: one of 64 KiB
  ...[7, ...sized([2, ...named('count'), 0, 0, ...named('memory'), 2, 0])], // exports
  ...[10, ...sized([1, ...sized(code)])], // code
);

interface Kernel {
  /** In the first `end` bytes, rounded up to whole turns, of which there is one at least. */
  count(end: number, byte: number): number;
  readonly memory: { readonly buffer: ArrayBuffer };
}
/** Of what Node has, without the DOM's types. */
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Kernel };
};

let kernel: { readonly count: Kernel['count']; readonly memory: Uint8Array } | undefined;

/** Made when it is first wanted: most who load this never count. */
function loaded() {
  if (kernel === undefined) {
    const { count, memory } = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports;
    kernel = { count, memory: new Uint8Array(memory.buffer) };
  }
  return kernel;
}

export function countByte(block: Uint8Array, wantedByte: number): number {
  const { count, memory } = loaded();
  let total = 0;
  for (let from = 0; from < block.length; from += pieceBytes) {
    const piece = block.subarray(from, from + pieceBytes);
    memory.set(piece);
    // The last turn looks beyond it, at anything else.
    memory.fill(wantedByte ^ 0xff, piece.length, piece.length + turnBytes);
    total += count(piece.length, wantedByte);
  }
  return total;
}
