/**
 * An object in a process of its own, as S3 would answer for it: any range of it, made as it is read, and uploads that are
 * taken and not kept. `node test/bench/object-server.ts LINE_BYTES [PAGES_END FILE]`: its lines are as long; or it begins as Parquet, and
 * from there on is what the file has. Its first line says where it is.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const [lineWord = '100', pagesEndWord, file] = process.argv.slice(2);
const lineBytes = Number(lineWord);
const tail = file === undefined ? undefined : { at: Number(pagesEndWord), bytes: readFileSync(file) };
const lines = Math.max(1, Math.floor((8 * 2 ** 20) / lineBytes));
const pattern = Buffer.from(`${'x'.repeat(lineBytes - 1)}\n`.repeat(lines));
const blockBytes = 256 * 1024;
const magic = Buffer.from('PAR1');

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') return send(request, response);
  for await (const _ of request);
  const url = new URL(request.url ?? '/', 'http://server');
  const xml = url.searchParams.has('uploads')
    ? '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>'
    : '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>';
  response.writeHead(200, { etag: '"e"' }).end(request.method === 'POST' ? xml : undefined);
}

/** From there on, and not beyond the end; less where something else begins. */
function blockOf(at: number, end: number): Buffer {
  if (tail !== undefined && at < magic.length) return magic.subarray(at, end);
  if (tail !== undefined && at >= tail.at) return tail.bytes.subarray(at - tail.at, end - tail.at);
  const from = at % pattern.length;
  return pattern.subarray(from, from + Math.min(end, tail?.at ?? end) - at);
}

async function send(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const end = Number(last) + 1;
  response.writeHead(206, { 'content-length': String(end - Number(first)), etag: '"e"' });
  for (let at = Number(first); at < end && !response.destroyed; ) {
    const block = blockOf(at, Math.min(at + blockBytes, end));
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
