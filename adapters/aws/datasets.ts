/** What is in a dataset, in S3: by HEAD and LIST alone, no byte of it is read. */
import {
  HeadObjectCommand,
  type _Object as Listed,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Retryable } from '#core/errors.ts';
import type { ListedObject } from '#core/jobs/dataset.ts';
import type { Datasets } from '#core/jobs/job-ports.ts';
import type { Location } from '#core/jobs/location.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { denied, retryable } from './errors.ts';

/**
 * HEAD has no body, so S3 says no more than the status; and 403 also of what is not there, where the bucket may not be listed (S3 API
 * reference, HeadObject, "Permissions").
 */
const final: Readonly<Record<string, string>> = {
  NotFound: 'is not there',
  NoSuchKey: 'is not there',
  NoSuchBucket: 'is in a bucket that is not there',
  AccessDenied: denied,
  '403': denied,
  Forbidden: denied,
};

/** Of objects below a prefix: a LIST says which have a checksum, and not what it is; so many are asked for, a second or two for all of them. */
const mostAsked = 1000;
const atOnce = 16;

export class S3Datasets implements Datasets {
  readonly #client: S3Client;

  constructor(client: S3Client = new S3Client({})) {
    this.#client = client;
  }

  async *objects(location: Location): AsyncIterable<ListedObject> {
    if (location.isPrefix) yield* this.#below(location);
    else yield await this.#object(location);
  }

  async #object({ bucket, key }: Pick<Location, 'bucket' | 'key'>): Promise<ListedObject> {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' });
    const { ContentLength, ETag, ChecksumCRC32, ChecksumType } = await readable(`s3://${bucket}/${key}`, () =>
      retryable('HeadObject', () => this.#client.send(command)),
    );
    const crc32 = wholeCrc32(ChecksumCRC32, ChecksumType);
    return { ...known(key, ContentLength, ETag), ...(crc32 !== undefined && { crc32 }) };
  }

  async *#below({ bucket, key: Prefix }: Location): AsyncIterable<ListedObject> {
    let asked = 0;
    for await (const page of this.#pages(bucket, Prefix)) {
      const files = page.filter(({ Key = '', Size }) => !(Key.endsWith('/') && Size === 0));
      const objects = files.map((file) => ({ file, object: known(file.Key ?? '', file.Size, file.ETag) }));
      const some = objects.filter(({ file }) => mayHaveCrc32(file)).slice(0, mostAsked - asked);
      asked += some.length;
      const sums = await this.#sumsOf(
        bucket,
        some.map(({ object }) => object),
      );
      for (const { object } of objects) {
        const crc32 = sums.get(object.key);
        yield crc32 === undefined ? object : { ...object, crc32 };
      }
    }
  }

  /** Of one that is another one by now, gone, or may not be read, there is none: its chunks say so when they are worked at. */
  async #sumsOf(bucket: string, objects: readonly ListedObject[]): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>();
    const ask = async ({ key, etag }: ListedObject) => {
      try {
        const found = await this.#object({ bucket, key });
        if (found.etag === etag && found.crc32 !== undefined) sums.set(key, found.crc32);
      } catch (error) {
        if (!(error instanceof InputFailed)) throw error;
      }
    };
    for (let from = 0; from < objects.length; from += atOnce)
      await Promise.all(objects.slice(from, from + atOnce).map(ask));
    return sums;
  }

  async *#pages(bucket: string, Prefix: string): AsyncGenerator<readonly Listed[]> {
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix,
        ...(ContinuationToken && { ContinuationToken }),
      });
      const page = await readable(`s3://${bucket}/${Prefix}`, () =>
        retryable('ListObjectsV2', () => this.#client.send(command)),
      );
      yield page.Contents ?? [];
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }
}

const mayHaveCrc32 = ({ ChecksumAlgorithm = [], ChecksumType }: Listed): boolean =>
  ChecksumAlgorithm.includes('CRC32') && ChecksumType !== 'COMPOSITE';

/**
 * Of an upload in parts S3 may have a checksum of their checksums instead, with the number of parts behind it (S3 user guide, "Checking object
 * integrity"): that says nothing of the bytes.
 */
function wholeCrc32(text: string | undefined, type: string | undefined): number | undefined {
  if (text === undefined || type === 'COMPOSITE' || !/^[A-Za-z0-9+/]{6}==$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').readUInt32BE();
}

function known(key: string, size: number | undefined, etag: string | undefined): ListedObject {
  if (size === undefined || etag === undefined)
    throw new Retryable(`S3 says neither size nor ETag of ${key}`);
  return { key, size, etag };
}

/** @throws InputFailed where trying again would not help. */
async function readable<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const why = error instanceof S3ServiceException ? whyOf(error) : undefined;
    if (why === undefined) throw error;
    throw new InputFailed(`${what} ${why}`, { cause: error });
  }
}

/** Of a HEAD that was refused the SDK knows no name: it calls it `Unknown`. */
const whyOf = ({ name, $metadata }: S3ServiceException): string | undefined =>
  final[name] ?? ($metadata.httpStatusCode === 403 ? denied : undefined);
