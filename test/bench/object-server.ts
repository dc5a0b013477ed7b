/**
 * An object in a process of its own, as S3 would answer for it: any range of it, made as it is read, and uploads that are
 * taken and not kept. `node test/bench/object-server.ts LINE_BYTES`: its lines are as long. Its first line says where it is.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const lineBytes = Number(process.argv[2] ?? 100);
const lines = Math.max(1, Math.floor((8 * 2 ** 20) / lineBytes));
const pattern = Buffer.from(`${'x'.repeat(lineBytes - 1)}\n`.repeat(lines));
const blockBytes = 256 * 1024;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') return send(request, response);
  for await (const _ of request);
  const url = new URL(request.url ?? '/', 'http://server');
  const xml = url.searchParams.has('uploads')
    ? '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>'
    : '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>';
  response.writeHead(200, { etag: '"e"' }).end(request.method === 'POST' ? xml : undefined);
}

async function send(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const end = Number(last) + 1;
  response.writeHead(206, { 'content-length': String(end - Number(first)), etag: '"e"' });
  for (let at = Number(first); at < end && !response.destroyed; ) {
    const from = at % pattern.length;
    const block = pattern.subarray(from, Math.min(from + blockBytes, from + end - at));
    at += block.length;
    if (!response.write(block)) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${port}` })}\n`);
});
// It lives as long as whoever started it.
process.stdin.resume().on('end', () => process.exit());
