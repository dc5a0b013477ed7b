/** A result without an end: what is held of it is bounded, and so is what is sent, whatever its command prints. */
import { createServer } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MultipartUpload } from '#adapters/aws/multipart-upload.ts';
import { OutputTooLarge } from '#core/jobs/ports.ts';
import { listening } from './servers.ts';

const MiB = 2 ** 20;
/** What S3 was told: its parts' bytes, and what became of the upload. */
let told: { bytes: number; parts: number; aborted: number };
let client: S3Client;
let close: () => Promise<void>;

beforeEach(async () => {
  told = { bytes: 0, parts: 0, aborted: 0 };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://server');
    let bytes = 0;
    for await (const some of request) bytes += some.length;
    if (request.method === 'DELETE') told.aborted += 1;
    if (url.searchParams.has('partNumber')) {
      told.bytes += bytes;
      told.parts += 1;
    }
    const xml = '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>';
    response.writeHead(200, { etag: '"e"' }).end(request.method === 'POST' ? xml : undefined);
  });
  const listened = await listening(server);
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const endpoint = `http://127.0.0.1:${listened.port}`;
  client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  close = async () => {
    client.destroy();
    await listened.close();
  };
});
afterEach(() => close());

/** Until it throws. @returns how many bytes it had taken. */
async function endless(upload: MultipartUpload, block: Buffer, most: number): Promise<number> {
  for (let taken = 0; taken < most; taken += block.length) {
    try {
      await upload.write(block);
    } catch (error) {
      expect(error).toBeInstanceOf(OutputTooLarge);
      return taken;
    }
  }
  throw new Error(`it took ${most} bytes and more`);
}

it('ends at so many parts, says what to do, and nothing of it stays', async () => {
  const partBytes = 64 * 1024;
  const upload = new MultipartUpload(client, 'results', 'jobs/j1/0/1-0', { partBytes, maxParts: 4 });
  const taken = await endless(upload, Buffer.alloc(10_000, 'y'), MiB);
  // The fifth was full, and was not begun.
  expect(taken).toBeLessThanOrEqual(5 * partBytes);
  await expect(upload.write(Buffer.alloc(partBytes))).rejects.toThrow(
    'more than 262144 bytes of results in one: make chunks smaller, or ask for no `reduce`',
  );
  await upload.abort();
  expect(told).toEqual({ bytes: 4 * partBytes, parts: 4, aborted: 1 });
});

it('holds two parts, however long it goes on', async () => {
  const upload = new MultipartUpload(client, 'results', 'jobs/j1/0/1-0');
  const block = Buffer.alloc(MiB, 'y');
  const held = () => process.memoryUsage().arrayBuffers;
  const most = { early: 0, late: 0 };
  for (let written = 0; written < 200; written++) {
    await upload.write(block);
    const when = written < 40 ? 'early' : 'late';
    most[when] = Math.max(most[when], held());
  }
  await upload.abort();
  expect(told.bytes).toBe(200 * MiB);
  // What the server of this test reads waits for its collection in the same process.
  expect(most.late - most.early).toBeLessThan(40 * MiB);
});
