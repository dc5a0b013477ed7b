/** What S3JobObjects makes of answers that no well-behaved store gives. */
import { createServer, type ServerResponse } from 'node:http';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterEach, expect, it } from 'vitest';
import { S3JobObjects } from '#adapters/aws/job-objects.ts';
import { Retryable } from '#core/errors.ts';
import { listening } from './servers.ts';

const object = { key: 'a', size: 1000, etag: '"e"' };
const closes: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closes.splice(0).map((close) => close()));
});

async function answering(
  answer: (response: ServerResponse) => void,
  requestHandler: NonNullable<S3ClientConfig['requestHandler']> = {},
): Promise<S3JobObjects> {
  const { port, close } = await listening(createServer((_, response) => answer(response)));
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    forcePathStyle: true,
    maxAttempts: 1,
    requestHandler,
  });
  closes.push(async () => {
    client.destroy();
    await close();
  });
  return new S3JobObjects({ input: 'input', results: 'results' }, client);
}
const fill = (objects: S3JobObjects, into: Uint8Array) =>
  objects.fill(object, 10, into, new AbortController().signal);

it('says how much came of an answer that broke off', async () => {
  const objects = await answering((response) => {
    response.writeHead(206, { 'content-length': '100' });
    response.write(Buffer.alloc(40, 'x'), () => response.destroy());
  });
  const into = Buffer.alloc(100);
  expect(await fill(objects, into)).toBe(40);
  expect(into.toString()).toBe(`${'x'.repeat(40)}${'\0'.repeat(60)}`);
});

it('throws what may pass where nothing came of it', async () => {
  const objects = await answering((response) => {
    response.writeHead(206, { 'content-length': '100' }).flushHeaders();
    setImmediate(() => response.destroy());
  });
  await expect(fill(objects, Buffer.alloc(100))).rejects.toBeInstanceOf(Retryable);
});

it('waits for bytes as long as its client does, and no longer', async () => {
  const objects = await answering(
    (response) => response.writeHead(206, { 'content-length': '100' }).flushHeaders(),
    { socketTimeout: 200 },
  );
  await expect(fill(objects, Buffer.alloc(100))).rejects.toBeInstanceOf(Retryable);
});

it('takes no more than it asked for', async () => {
  const objects = await answering((response) => response.writeHead(200).end(Buffer.alloc(1000, 'x')));
  await expect(fill(objects, Buffer.alloc(100))).rejects.toThrow(/more than the 100 bytes/);
});
