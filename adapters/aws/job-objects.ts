/** What a data job reads and writes in S3: ranges of objects that must still be those that were planned, and results. */
import { finished, Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { Retryable } from '#core/errors.ts';
import type { DatasetObject } from '#core/jobs/dataset.ts';
import { InputFailed, type JobObjects, type Upload } from '#core/jobs/ports.ts';
import { usedUp } from '../used-up.ts';
import { denied, retryable } from './errors.ts';
import { abortUploads, MultipartUpload } from './multipart-upload.ts';

export interface JobBuckets {
  /** None for a job that reads a table. */
  readonly input?: string;
  readonly results: string;
}

/** Trying again would not help (S3 API reference, "List of error codes"). */
const final: Readonly<Record<string, string>> = {
  AccessDenied: denied,
  InvalidObjectState: 'is archived: restore it first',
  InvalidRange: 'is shorter than planned',
  NoSuchBucket: 'is in a bucket that is not there',
  NoSuchKey: 'is not there any more',
  PreconditionFailed: 'is another one than was planned: it was written since',
};

/**
 * The SDK's own wait for ever (@smithy/types, NodeHttpHandlerOptions): for a connection, also for one of the 50 that others have, and for the
 * next bytes of an answer. A worker keeps its lease meanwhile, so nobody else would take its chunk.
 */
const patience = { connectionTimeout: 20_000, socketTimeout: 60_000 };
/** Of an answer that broke off, without a byte in between. */
const tries = 5;

type Asked = GetObjectCommandInput & { readonly Key: string };
interface Answer {
  readonly body: Readable;
  readonly etag: string | undefined;
}

export class S3JobObjects implements JobObjects {
  readonly #buckets: JobBuckets;
  readonly #client: S3Client;

  constructor(buckets: JobBuckets, client: S3Client = new S3Client({ requestHandler: patience })) {
    this.#buckets = buckets;
    this.#client = client;
  }

  async read(
    { key, etag }: DatasetObject,
    from: number,
    to: number,
    abortSignal: AbortSignal,
  ): Promise<Readable> {
    if (this.#buckets.input === undefined) throw new Error(`${key} is to be read, and no bucket is known`);
    const Range = `bytes=${from}-${to - 1}`;
    const input = { Bucket: this.#buckets.input, Key: key, Range, IfMatch: etag };
    return (await this.#get(input, abortSignal)).body;
  }

  async fill(
    object: DatasetObject,
    from: number,
    into: Uint8Array,
    abortSignal: AbortSignal,
  ): Promise<number> {
    return filled(into, await this.read(object, from, from + into.length, abortSignal));
  }

  async result(key: string, abortSignal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const input = { Bucket: this.#buckets.results, Key: key };
    return this.#resumed(await this.#get(input, abortSignal), input, abortSignal);
  }

  async fillResult(key: string, from: number, into: Uint8Array, abortSignal: AbortSignal): Promise<number> {
    const Range = `bytes=${from}-${from + into.length - 1}`;
    const { body } = await this.#get({ Bucket: this.#buckets.results, Key: key, Range }, abortSignal);
    return filled(into, body);
  }

  /** Who reads may take long, and S3 then ends the connection: what is left is asked for again, of the same object. */
  async *#resumed(first: Answer, input: Asked, abortSignal: AbortSignal): AsyncGenerator<Uint8Array> {
    let answer = first;
    let at = 0;
    for (let turn = 1; ; turn++) {
      try {
        for await (const bytes of answer.body) {
          at += bytes.length;
          turn = 1;
          yield bytes;
        }
        return;
      } catch (error) {
        abortSignal.throwIfAborted();
        if (turn === tries) throw new Retryable(`${input.Key} broke off at byte ${at}`, { cause: error });
      }
      const Range = `bytes=${at}-`;
      answer = await this.#get({ ...input, Range, IfMatch: first.etag }, abortSignal);
    }
  }

  async #get(input: Asked, abortSignal: AbortSignal): Promise<Answer> {
    const command = new GetObjectCommand(input);
    try {
      const { Body, ETag } = await retryable('GetObject', () => this.#client.send(command, { abortSignal }));
      if (!(Body instanceof Readable)) throw new Retryable(`${input.Key} came without a body`);
      return { body: Body, etag: ETag };
    } catch (error) {
      const why = error instanceof Error ? final[error.name] : undefined;
      if (why === undefined) throw error;
      throw new InputFailed(`${input.Key} ${why}`, { cause: error });
    }
  }

  begin(key: string): Upload {
    return new MultipartUpload(this.#client, this.#buckets.results, key);
  }

  sweep(prefix: string): Promise<void> {
    return abortUploads(this.#client, this.#buckets.results, prefix);
  }
}

/** By its events: to iterate a stream puts what waits in it together in memory of its own first. */
function filled(into: Uint8Array, body: Readable): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let held = 0;
  body.on('data', (bytes: Uint8Array) => {
    if (bytes.length > into.length - held) {
      reject(new Error(`S3 answered with more than the ${into.length} bytes that it was asked for`));
      body.destroy();
      return;
    }
    into.set(bytes, held);
    held += bytes.length;
    usedUp(bytes);
  });
  finished(body, (error) => (error && held === 0 ? reject(error) : resolve(held)));
  return retryable('GetObject', () => promise);
}
