/** What S3 does not let a job read: said with the place and with what to do, and not tried again. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { S3Datasets } from '#adapters/aws/datasets.ts';
import { S3JobObjects } from '#adapters/aws/job-objects.ts';
import { locationOf } from '#core/jobs/location.ts';
import { InputFailed } from '#core/jobs/ports.ts';
import { listening } from './servers.ts';

const advice =
  'may not be read, or is not there: S3 answered 403. See that `teams[].datasets` names it, `datasetKeys` the key that encrypts it, and that the policies of its bucket and key let it be read';
const xml = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';
const { signal } = new AbortController();

let asked: string[];
let client: S3Client;
let close: () => Promise<void>;
beforeEach(async () => {
  asked = [];
  const refuse = ({ method = '', headers }: IncomingMessage, response: ServerResponse) => {
    asked.push([method, headers.range].filter(Boolean).join(' '));
    // HEAD's answer has no body.
    response.writeHead(403, { 'content-type': 'application/xml' }).end(method === 'HEAD' ? undefined : xml);
  };
  const server = await listening(createServer(refuse));
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const endpoint = `http://127.0.0.1:${server.port}`;
  client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
  close = async () => {
    client.destroy();
    await server.close();
  };
});
afterEach(() => close());

it.each([
  ['an object', 's3://theirs/sales/a.csv', 'HEAD'],
  ['a prefix', 's3://theirs/sales/', 'GET'],
])('%s, when it is listed', async (_, place, method) => {
  const first = new S3Datasets(client).objects(locationOf(place))[Symbol.asyncIterator]().next();
  await expect(first).rejects.toThrow(new InputFailed(`${place} ${advice}`));
  expect(asked).toEqual([method]);
});

it('a range of an object, when a worker reads it', async () => {
  const objects = new S3JobObjects({ input: 'theirs', results: 'results' }, client);
  const object = { key: 'sales/a.csv', size: 100, etag: '"e"' };
  const denied = new InputFailed(`sales/a.csv ${advice}`);
  await expect(objects.fill(object, 10, Buffer.alloc(20), signal)).rejects.toThrow(denied);
  await expect(objects.read(object, 10, 30, signal)).rejects.toThrow(denied);
  expect(asked).toEqual(['GET bytes=10-29', 'GET bytes=10-29']);
});

it('a result', async () => {
  const objects = new S3JobObjects({ results: 'results' }, client);
  const into = Buffer.alloc(5);
  await expect(objects.fillResult('jobs/j1/0/1-0', 0, into, signal)).rejects.toThrow(InputFailed);
  await expect(objects.result('jobs/j1/manifest.ndjson', signal)).rejects.toThrow(InputFailed);
});
