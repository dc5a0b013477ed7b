/**
 * An object in a process of its own, as S3 would answer for it: any range of it, made as it is read, and uploads that are
 * taken and not kept. `node test/bench/object-server.ts LINE_BYTES [FROM FILE]`: its lines are as long; or from there on it is what the
 * file has, and what is before that begins as Parquet. Its first line says where it is.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { serve } from './served.ts';

const [lineWord = '100', fromWord, file] = process.argv.slice(2);
const lineBytes = Number(lineWord);
const tail = file === undefined ? undefined : { at: Number(fromWord), bytes: readFileSync(file) };
const lines = Math.max(1, Math.floor((8 * 2 ** 20) / lineBytes));
const pattern = Buffer.from(`${'x'.repeat(lineBytes - 1)}\n`.repeat(lines));
const blockBytes = 256 * 1024;
const magic = Buffer.from('PAR1');

/** From there on, and not beyond the end; less where something else begins. */
function blockOf(at: number, end: number): Buffer {
  if (tail !== undefined && at >= tail.at) return tail.bytes.subarray(at - tail.at, end - tail.at);
  if (tail !== undefined && at < magic.length) return magic.subarray(at, end);
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

serve(send);
