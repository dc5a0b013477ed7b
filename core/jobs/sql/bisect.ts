/**
 * Where a table is cut of which no sample can be had: in two, and these again, until the database says that a piece has few
 * enough rows. Asked are estimates and single keys, each found by an index in a few pages; rows are not read.
 */
import { between, type Share } from './between.ts';
import type { KeyTuple } from './table.ts';

/** Keys that are there, from the first to the last, both with it. */
export interface Piece {
  readonly first: KeyTuple;
  readonly last: KeyTuple;
}

export interface KeyProbes {
  /** About. */
  rows(piece: Piece): Promise<number>;
  /** Of a piece's keys before its last one, the greatest that is not behind this. @param probe values of the key's first columns. */
  upTo(piece: Piece, probe: KeyTuple): Promise<KeyTuple | undefined>;
  /** The first one behind this. */
  behind(key: KeyTuple, piece: Piece): Promise<KeyTuple | undefined>;
  /** So many keys further; undefined where there are not so many. All of them are looked at on the way. */
  further(key: KeyTuple, rows: number, piece: Piece): Promise<KeyTuple | undefined>;
}

interface Open extends Piece {
  readonly rows: number;
  readonly depth: number;
}

interface Leaf {
  readonly last: KeyTuple;
  readonly rows: number;
}

/** A key that is cut more often than its values have digits is not in the order that we think. */
const deepest = 300;

/** An estimate is none that makes it worth it to cut off less than that. */
const fits = (rows: number, chunkRows: number): boolean => rows <= 1.25 * chunkRows;

/** Bounds that ascend. */
export async function* bisected(
  probes: KeyProbes,
  types: readonly string[],
  whole: Piece,
  chunkRows: number,
): AsyncGenerator<KeyTuple> {
  let before: Leaf | undefined;
  for await (const leaf of leavesOf(probes, types, whole, chunkRows)) {
    const rows = (before?.rows ?? 0) + leaf.rows;
    const isOne = before === undefined || fits(rows, chunkRows);
    if (!isOne && before !== undefined) yield before.last;
    before = { last: leaf.last, rows: isOne ? rows : leaf.rows };
  }
}

async function* leavesOf(
  probes: KeyProbes,
  types: readonly string[],
  whole: Piece,
  chunkRows: number,
): AsyncGenerator<Leaf> {
  const open: Open[] = [{ ...whole, rows: await probes.rows(whole), depth: 0 }];
  for (let piece = open.pop(); piece !== undefined; piece = open.pop()) {
    if (fits(piece.rows, chunkRows) || isSame(piece.first, piece.last)) {
      yield piece;
      continue;
    }
    const parts =
      piece.depth < deepest ? await partsOf(probes, types, piece, shareOf(piece, chunkRows)) : undefined;
    if (parts === undefined) {
      yield* walk(probes, piece, chunkRows);
      continue;
    }
    const [left, right] = parts;
    const depth = piece.depth + 1;
    open.push({ ...right, depth, rows: await probes.rows(right) });
    open.push({ ...left, depth, rows: await probes.rows(left) });
  }
}

/** Where keys are dense, all pieces that come of it are whole chunks. */
function shareOf({ rows }: Open, chunkRows: number): Share {
  const of = Math.max(2, Math.round(rows / chunkRows));
  return { part: Math.floor(of / 2), of };
}

const isSame = (a: KeyTuple, b: KeyTuple): boolean => a.every((value, i) => value === b[i]);

/** Both are there, so each has a key: it ends. Undefined where the middle can't be reckoned, or is not between them. */
async function partsOf(
  probes: KeyProbes,
  types: readonly string[],
  piece: Piece,
  share: Share,
): Promise<readonly [Piece, Piece] | undefined> {
  const probe = probeOf(types, piece, share);
  if (probe === undefined) return undefined;
  const middle = await probes.upTo(piece, probe);
  if (middle === undefined) return undefined;
  const next = await probes.behind(middle, piece);
  if (next === undefined) return undefined;
  return [
    { first: piece.first, last: middle },
    { first: next, last: piece.last },
  ];
}

/** In the first column that differs. */
function probeOf(types: readonly string[], { first, last }: Piece, share: Share): KeyTuple | undefined {
  const i = first.findIndex((value, n) => value !== last[n]);
  const middle = between(types[i] ?? '', first[i] ?? '', last[i] ?? '', share);
  return middle === undefined ? undefined : [...first.slice(0, i), middle];
}

async function* walk(probes: KeyProbes, piece: Piece, chunkRows: number): AsyncGenerator<Leaf> {
  let from = piece.first;
  for (;;) {
    const last = await probes.further(from, chunkRows, piece);
    if (last === undefined) break;
    yield { last, rows: chunkRows };
    from = last;
  }
  yield { last: piece.last, rows: chunkRows };
}
