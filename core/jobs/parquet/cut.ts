/**
 * Which row groups of a Parquet file a chunk has, by the law of all records (core/jobs/records.ts): of every offset there is one
 * cut, the beginning of the first row group that begins there or later. So a plan needs no look into the file, each row group is
 * in one chunk, and a chunk may be halved anywhere.
 */
import type { Range } from '../records.ts';
import type { RowGroup } from './footer.ts';

export type Bounds = Pick<Range, 'start' | 'end' | 'size'>;

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

/** Some files of 2013 say that their last column is so much shorter than it is (PARQUET-816): readers read so much more. */
const slackBytes = 100;

/** Is told of row groups one after the other, and holds those of its chunk. */
export class Cutting {
  readonly #bounds: Bounds;
  readonly #ours: RowGroup[] = [];
  #rows = 0;
  #from: number | undefined;
  #to: number | undefined;
  #last: number | undefined;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    const isKnown = (offset: number): boolean => offset === 0 || offset >= bounds.size;
    if (isKnown(bounds.start)) this.#from = bounds.start;
    if (isKnown(bounds.end)) this.#to = bounds.end;
  }

  /** @returns whether it is the chunk's. */
  take(one: RowGroup): boolean {
    const { start, end } = this.#bounds;
    this.#last = one.end;
    if (one.begin >= start) this.#from ??= one.begin;
    if (one.begin >= end) this.#to ??= one.begin;
    if (one.begin < start || one.begin >= end) return false;
    this.#ours.push(one);
    this.#rows += one.rows;
    return true;
  }

  /** @param pages where they begin at the earliest, and end at the latest. */
  cut(pages: { readonly begin: number; readonly end: number }): Cut {
    const { start, end } = this.#bounds;
    const pagesEnd = this.#last === undefined ? pages.begin : Math.min(this.#last + slackBytes, pages.end);
    // Behind the pages bytes are nobody's, so there each offset is a cut: indexes and filters may be many.
    const from = this.#from ?? Math.max(start, pagesEnd);
    const to = this.#to ?? Math.max(end, pagesEnd);
    const rowGroups = this.#ours;
    const begin = rowGroups[0]?.begin ?? from;
    const behind = rowGroups.length > 0 ? Math.min(to, pagesEnd) : begin;
    const middle = middleOf(rowGroups, begin, behind);
    return { from, to, rowGroups, rows: this.#rows, begin, end: behind, middle };
  }
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
