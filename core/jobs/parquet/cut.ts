/**
 * Which row groups of a Parquet file a chunk has, by the law of all records (core/jobs/records.ts): of every offset there is one
 * cut, the beginning of the first row group that begins there or later. So a plan needs no look into the file, each row group is
 * in one chunk, and a chunk may be halved anywhere.
 */
import type { Range } from '../records.ts';
import type { Footer, RowGroup } from './footer.ts';

export interface Cut {
  /** Of the object: what the chunk covers, end to end with its neighbours. */
  readonly from: number;
  readonly to: number;
  readonly rowGroups: readonly RowGroup[];
  readonly rows: number;
  /** The pages of its row groups, and what lies between them. */
  readonly begin: number;
  readonly end: number;
  /** Where it may be cut in two, each with row groups; undefined where it has one alone. */
  readonly middle: number | undefined;
}

type Known = Pick<Footer, 'rowGroups' | 'pagesEnd'>;

export function cutOf(footer: Known, { start, end, size }: Pick<Range, 'start' | 'end' | 'size'>): Cut {
  const from = cutAt(footer, start);
  const to = end >= size ? size : cutAt(footer, end);
  const rowGroups = footer.rowGroups.filter(({ begin }) => begin >= from && begin < to);
  const rows = rowGroups.reduce((sum, one) => sum + one.rows, 0);
  const begin = rowGroups[0]?.begin ?? from;
  const pagesEnd = rowGroups.length > 0 ? Math.min(to, footer.pagesEnd) : begin;
  return { from, to, rowGroups, rows, begin, end: pagesEnd, middle: middleOf(rowGroups, begin, pagesEnd) };
}

/** Behind the pages bytes are nobody's, so there each offset is a cut: indexes and filters may be many. */
function cutAt({ rowGroups, pagesEnd }: Known, offset: number): number {
  if (offset === 0 || offset >= pagesEnd) return offset;
  return rowGroups.find(({ begin }) => begin >= offset)?.begin ?? pagesEnd;
}

/** The beginning that is nearest to the middle of the bytes. */
function middleOf(rowGroups: readonly RowGroup[], begin: number, end: number): number | undefined {
  const far = (at: number): number => Math.abs(at - (begin + end) / 2);
  const [, ...others] = rowGroups.map((one) => one.begin);
  return others.reduce<number | undefined>(
    (best, at) => (best === undefined || far(at) < far(best) ? at : best),
    undefined,
  );
}
