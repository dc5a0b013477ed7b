/**
 * The chunks of a data job's plan as splits that other engines read (Dask, Ray, Spark): each says by itself what it is of, for
 * there one goes without the others. How one is read, cli/hand-over/getschwifty_splits.py says and does.
 */
import type { Compression, DatasetObject, Records } from './dataset.ts';
import { locationOf } from './location.ts';
import { type Chunk, chunksOf } from './plan.ts';
import { inputOf, type JobRequest, planOf } from './request.ts';

export interface Split extends DatasetObject, Pick<Chunk, 'start' | 'end' | 'quoted'> {
  /** Of the chunk in the job's plan. */
  readonly chunk: string;
  readonly bucket: string;
  readonly records: Records;
  readonly compression: Compression;
  /** The first record of each object is one; splits that begin at 0 have it. */
  readonly header: boolean;
}

/** @param quoted of a chunk's number, whether it begins between quotes. */
export function* splitsOf(
  request: JobRequest,
  objects: readonly DatasetObject[],
  quoted: (number: number) => boolean,
): Generator<Split> {
  const input = inputOf(request);
  if (input.kind !== 'objects') throw new Error('splits of a job that reads no dataset');
  const { records, compression, header } = request;
  const { bucket } = locationOf(input.dataset);
  for (const { id, key, size, etag, start, end, quoted: is } of chunksOf(planOf(request, objects), 0, quoted))
    yield { chunk: id, bucket, key, size, etag, start, end, records, compression, header, quoted: is };
}
