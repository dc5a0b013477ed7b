/** What is in a dataset, in S3: by HEAD or LIST alone, no byte of it is read. */
import { HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { Retryable } from '#core/errors.ts';
import type { DatasetObject } from '#core/jobs/dataset.ts';
import type { Datasets } from '#core/jobs/job-ports.ts';
import type { Location } from '#core/jobs/location.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { retryable } from './errors.ts';

/** HEAD has no body, so S3 says no more than the status (S3 API reference, HeadObject). */
const final: Readonly<Record<string, string>> = {
  NotFound: 'is not there',
  NoSuchKey: 'is not there',
  NoSuchBucket: 'is in a bucket that is not there',
  AccessDenied: 'may not be read',
  '403': 'may not be read',
  Forbidden: 'may not be read',
};

export class S3Datasets implements Datasets {
  readonly #client: S3Client;

  constructor(client: S3Client = new S3Client({})) {
    this.#client = client;
  }

  async *objects(location: Location): AsyncIterable<DatasetObject> {
    if (location.isPrefix) yield* this.#below(location);
    else yield await this.#object(location);
  }

  async #object({ bucket, key }: Location): Promise<DatasetObject> {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: key });
    const { ContentLength, ETag } = await readable(`s3://${bucket}/${key}`, () =>
      retryable('HeadObject', () => this.#client.send(command)),
    );
    return known(key, ContentLength, ETag);
  }

  async *#below({ bucket, key: Prefix }: Location): AsyncIterable<DatasetObject> {
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
      for (const { Key = '', Size, ETag } of page.Contents ?? [])
        if (!(Key.endsWith('/') && Size === 0)) yield known(Key, Size, ETag);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }
}

function known(key: string, size: number | undefined, etag: string | undefined): DatasetObject {
  if (size === undefined || etag === undefined)
    throw new Retryable(`S3 says neither size nor ETag of ${key}`);
  return { key, size, etag };
}

/** @throws InputFailed where trying again would not help. */
async function readable<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const why = error instanceof Error ? final[error.name] : undefined;
    if (why === undefined) throw error;
    throw new InputFailed(`${what} ${why}`, { cause: error });
  }
}
