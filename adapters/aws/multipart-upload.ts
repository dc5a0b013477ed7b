/**
 * A result on its way into S3: small ones in one call, larger ones in parts, of which one is held and one is under way. S3
 * compares the checksum of the whole with ours before anything is there.
 */
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { combineCrc32 } from '#core/jobs/crc32.ts';
import { OutputTooLarge, type Upload, type Written } from '#core/jobs/ports.ts';
import { retryable } from './errors.ts';

/** The smallest part that S3 takes, of which two are held; and S3's own limit: 48 GiB of results of one chunk. */
const s3Limits = { partBytes: 5 * 2 ** 20, maxParts: 10_000 };

export class MultipartUpload implements Upload {
  readonly #client: S3Client;
  readonly #at: { readonly Bucket: string; readonly Key: string };
  readonly #limits: typeof s3Limits;
  #uploadId: string | undefined;
  readonly #parts: CompletedPart[] = [];
  /** Two in turn: one is filled while the other is sent. */
  #spare: Buffer | undefined;
  #filling: Buffer | undefined;
  #filled = 0;
  #sending: Promise<void> = Promise.resolve();
  /** Of what was sent. */
  #sent: Written = { bytes: 0, crc32: 0 };

  constructor(client: S3Client, Bucket: string, Key: string, limits = s3Limits) {
    this.#client = client;
    this.#limits = limits;
    this.#at = { Bucket, Key };
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { partBytes } = this.#limits;
    for (let at = 0; at < bytes.length; ) {
      this.#filling ??= this.#empty();
      const some = bytes.subarray(at, at + partBytes - this.#filled);
      this.#filling.set(some, this.#filled);
      this.#filled += some.length;
      at += some.length;
      if (this.#filled === partBytes) await this.#send();
    }
  }

  async finish(): Promise<Written> {
    if (this.#uploadId === undefined) return this.#putWhole();
    if (this.#filled > 0) await this.#send();
    await this.#sending;
    const command = new CompleteMultipartUploadCommand({
      ...this.#at,
      UploadId: this.#uploadId,
      ChecksumCRC32: base64(this.#sent.crc32),
      ChecksumType: 'FULL_OBJECT',
      MultipartUpload: { Parts: this.#parts },
    });
    await retryable('CompleteMultipartUpload', () => this.#client.send(command));
    this.#uploadId = undefined;
    return this.#sent;
  }

  async abort(): Promise<void> {
    await this.#sending.catch(() => undefined);
    if (this.#uploadId === undefined) return;
    const command = new AbortMultipartUploadCommand({ ...this.#at, UploadId: this.#uploadId });
    await retryable('AbortMultipartUpload', () => this.#client.send(command));
    this.#uploadId = undefined;
  }

  async #putWhole(): Promise<Written> {
    const Body = this.#filling?.subarray(0, this.#filled) ?? Buffer.alloc(0);
    const written = { bytes: Body.length, crc32: crc32(Body) };
    const command = new PutObjectCommand({ ...this.#at, Body, ChecksumCRC32: base64(written.crc32) });
    await retryable('PutObject', () => this.#client.send(command));
    return written;
  }

  #empty(): Buffer {
    const buffer = this.#spare ?? Buffer.allocUnsafeSlow(this.#limits.partBytes);
    this.#spare = undefined;
    return buffer;
  }

  /** Waits for the part before, not for this one. */
  async #send(): Promise<void> {
    await this.#sending;
    const buffer = this.#filling;
    if (buffer === undefined) return;
    const body = buffer.subarray(0, this.#filled);
    this.#filling = undefined;
    this.#filled = 0;
    const UploadId = this.#uploadId ?? (await this.#create());
    this.#uploadId = UploadId;
    const PartNumber = this.#parts.length + 1;
    this.#mustHaveRoom(PartNumber);
    const crc = crc32(body);
    this.#sent = {
      bytes: this.#sent.bytes + body.length,
      crc32: combineCrc32(this.#sent.crc32, crc, body.length),
    };
    const ChecksumCRC32 = base64(crc);
    this.#parts.push({ PartNumber, ChecksumCRC32 });
    const command = new UploadPartCommand({ ...this.#at, UploadId, PartNumber, Body: body, ChecksumCRC32 });
    this.#sending = retryable('UploadPart', () => this.#client.send(command)).then(({ ETag }) => {
      this.#parts[PartNumber - 1] = { PartNumber, ChecksumCRC32, ETag };
      this.#spare = buffer;
    });
    // Whoever waits for it next is told; nobody may be waiting when it fails.
    this.#sending.catch(() => undefined);
  }

  #mustHaveRoom(part: number): void {
    const { partBytes, maxParts } = this.#limits;
    if (part > maxParts)
      throw new OutputTooLarge(
        `more than ${maxParts * partBytes} bytes of results in one: make chunks smaller, or ask for no \`reduce\``,
      );
  }

  async #create(): Promise<string> {
    const command = new CreateMultipartUploadCommand({
      ...this.#at,
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    });
    const { UploadId } = await retryable('CreateMultipartUpload', () => this.#client.send(command));
    if (UploadId === undefined) throw new Error('S3 began an upload without an id');
    return UploadId;
  }
}

/** As S3 writes checksums: big-endian. */
function base64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

export async function abortUploads(client: S3Client, Bucket: string, Prefix: string): Promise<void> {
  let markers: { KeyMarker?: string; UploadIdMarker?: string } | undefined;
  do {
    const command = new ListMultipartUploadsCommand({ Bucket, Prefix, ...markers });
    const page = await retryable('ListMultipartUploads', () => client.send(command));
    for (const { Key, UploadId } of page.Uploads ?? []) {
      const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
      await retryable('AbortMultipartUpload', () => client.send(abort)).catch(unlessGone);
    }
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    markers =
      page.IsTruncated === true && KeyMarker !== undefined
        ? { KeyMarker, ...(UploadIdMarker !== undefined && { UploadIdMarker }) }
        : undefined;
  } while (markers !== undefined);
}

function unlessGone(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'NoSuchUpload') throw error;
}
