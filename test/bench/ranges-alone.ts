/**
 * What a worker is measured beside: ranges of the same size, as many at once, fetched by Node's own client and written to a
 * command in their order. No record is looked for, nothing is summed up: `node test/bench/ranges-alone.ts ORIGIN BYTES COMMAND…`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { reading } from '../../worker/ranges.ts';

const [origin = '', bytes = '', program = '', ...args] = process.argv.slice(2);
const size = Number(bytes);
const agent = new Agent({ keepAlive: true });

function fetched(from: number): Promise<Buffer> {
  const to = Math.min(from + reading.rangeBytes, size);
  const buffer = Buffer.allocUnsafe(to - from);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const headers = { range: `bytes=${from}-${to - 1}` };
  get(`${origin}/input/a`, { agent, headers }, (answer) => {
    let held = 0;
    answer.on('data', (some: Buffer) => {
      buffer.set(some, held);
      held += some.length;
    });
    answer.on('end', () => resolve(buffer)).on('error', reject);
  }).on('error', reject);
  return promise;
}

const began = performance.now();
const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
const ended = once(child, 'exit');
const coming: Promise<Buffer>[] = [];
let at = 0;
while (at < size || coming.length > 0) {
  for (; at < size && coming.length < reading.parallel; at += reading.rangeBytes) coming.push(fetched(at));
  const next = await coming.shift();
  if (next) await new Promise((resolve) => child.stdin.write(next, resolve));
}
child.stdin.end();
await ended;
agent.destroy();
const peakBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - began) / 1000, peakBytes })}\n`);
