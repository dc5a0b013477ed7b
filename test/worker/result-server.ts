/** A bucket of results as S3 answers for it, over real connections, which it may cut: what a test of many streams at once reads. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { S3Client } from '@aws-sdk/client-s3';
import { S3JobObjects } from '#adapters/aws/job-objects.ts';
import { listening } from '../adapters/servers.ts';

export class ResultServer {
  readonly results = new Map<string, Buffer>();
  readonly objects: S3JobObjects;
  readonly close: () => Promise<void>;
  /** Of a request for so many bytes: after how many its connection is cut; undefined leaves it whole. */
  cut: (bytes: number) => number | undefined = () => undefined;
  /** The most connections that there ever were at once. */
  mostOpen = 0;
  cuts = 0;

  static async start(): Promise<ResultServer> {
    const http = createServer();
    const { port, close } = await listening(http);
    const server = new ResultServer(port, close);
    let open = 0;
    http.on('connection', (socket) => {
      open += 1;
      server.mostOpen = Math.max(server.mostOpen, open);
      socket.once('close', () => {
        open -= 1;
      });
    });
    http.on('request', (request, response) => server.answer(request, response));
    return server;
  }

  private constructor(port: number, close: () => Promise<void>) {
    const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
    const endpoint = `http://127.0.0.1:${port}`;
    const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
    this.objects = new S3JobObjects({ results: 'results' }, client);
    this.close = async () => {
      client.destroy();
      await close();
    };
  }

  /** A chunk's result of each, and the manifest that names them. */
  put(texts: readonly string[]): void {
    const lines = texts.map((text, i) => {
      const bytes = Buffer.from(text);
      const key = `jobs/j1/${i}/1-0`;
      this.results.set(key, bytes);
      const output = { key, bytes: bytes.length, crc32: crc32(bytes) };
      const part = { attempt: 1, from: 0, to: 1, records: 1, crc32: 0, milliseconds: 1, output };
      return JSON.stringify({ chunk: `${i}`, key: 'a', state: 'committed', attempts: 1, parts: [part] });
    });
    this.results.set('jobs/j1/manifest.ndjson', Buffer.from(`${lines.join('\n')}\n`));
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', 'http://server');
    const whole = this.results.get(decodeURIComponent(pathname).replace('/results/', ''));
    if (whole === undefined) {
      refused(response, 404, 'NoSuchKey');
      return;
    }
    const etag = `"${crc32(whole)}"`;
    if ((request.headers['if-match'] ?? etag) !== etag) {
      refused(response, 412, 'PreconditionFailed');
      return;
    }
    const [, first = '0', last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const bytes = whole.subarray(Number(first), last ? Number(last) + 1 : whole.length);
    if (request.headers.range && bytes.length === 0) {
      refused(response, 416, 'InvalidRange');
      return;
    }
    response.writeHead(request.headers.range ? 206 : 200, { 'content-length': `${bytes.length}`, etag });
    const cut = this.cut(bytes.length);
    if (cut === undefined) response.end(bytes);
    else {
      this.cuts += 1;
      response.write(bytes.subarray(0, cut), () => response.destroy());
    }
  }
}

function refused(response: ServerResponse, status: number, code: string): void {
  const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(xml);
}
