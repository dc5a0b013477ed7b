/**
 * Results of many chunks that are to be merged, and the manifest that names them: `node test/bench/result-server.ts LINE_BYTES COUNT BYTES`.
 * All are the same lines in order, so that merging takes a line of each in turn, and all are read at once up to their ends.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { serve } from './served.ts';

const [lineBytes = 100, count = 1, bytes = 0] = process.argv.slice(2).map(Number);
const line = (number: number): string =>
  String(number)
    .padStart(12, '0')
    .padEnd(lineBytes - 1, 'x');
const result = Buffer.from(
  Array.from({ length: Math.floor(bytes / lineBytes) }, (_, i) => `${line(i)}\n`).join(''),
);
const expected = crc32(result);
const manifest = Array.from({ length: count }, (_, i) => {
  const output = { key: `jobs/${i}/1-0`, bytes: result.length, crc32: expected };
  const part = { from: 0, to: 1, records: 1, crc32: 0, attempt: 1, milliseconds: 1, output };
  return `${JSON.stringify({ chunk: `${i}`, key: 'a', state: 'committed', attempts: 1, parts: [part] })}\n`;
});
const named = Buffer.from(manifest.join(''));

async function send(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const whole = request.url?.includes('manifest') ? named : result;
  const [, first = '0', last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const asked = whole.subarray(Number(first), last === undefined ? whole.length : Number(last) + 1);
  response
    .writeHead(request.headers.range ? 206 : 200, { 'content-length': asked.length, etag: '"e"' })
    .end(asked);
}

serve(send);
