/**
 * One part of a data job in a process of its own, as in its pod: `node test/bench/part-alone.ts ORIGIN WHAT COMMAND…`, of lines where it is
 * `BYTES`; `parquet:BYTES:END` is of Parquet and the chunk that ends there, `gzip:BYTES` and `zstd:BYTES` of what has as many when it is
 * compressed, and `merge` of all results, by no command. Its line says how long it took, what it was and how much memory it ever had (getrusage, ru_maxrss).
 */
import { S3Client } from '@aws-sdk/client-s3';
import { S3JobObjects } from '#adapters/aws/job-objects.ts';
import { JobSpec } from '#core/jobs/spec.ts';
import { runPart } from '../../worker/part.ts';
import { reading } from '../../worker/ranges.ts';
import { timers } from '../../worker/timers.ts';
import { OwnRunner } from '../worker/own-runner.ts';

const [endpoint = '', what = '', ...command] = process.argv.slice(2);
const [, kind = 'lines', bytes, end] = /^(?:([a-z]+):?)?(\d+)?(?::(\d+))?$/.exec(what) ?? [];
const size = Number(bytes);
const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
const spec = JobSpec.parse({
  job: 'bench',
  input: { bucket: 'input' },
  results: { bucket: 'results', prefix: 'jobs/' },
  records: { kind: kind === 'parquet' ? kind : 'lines' },
  ...((kind === 'gzip' || kind === 'zstd') && { compression: kind }),
  ...(kind === 'merge' && { reduce: { kind } }),
  command: command.length === 0 ? ['cat'] : command,
});
const place = { start: 0, end: Number(end ?? size), aligned: true, quoted: false, scanFrom: 0 };
const ofObject = { id: '0', key: 'a', size, etag: '"e"', ...place };
const chunk = kind === 'merge' ? { id: 'reduce-0', key: 'results' as const } : ofObject;
const deps = {
  spec,
  reading,
  timers,
  objects: new S3JobObjects({ input: 'input', results: 'results' }, client),
  tables: () => Promise.reject(new Error('this job has no database')),
  runner: new OwnRunner(),
  now: performance.now.bind(performance),
};
const began = performance.now();
const part = await runPart(deps, chunk, 1, new AbortController().signal);
const seconds = (performance.now() - began) / 1000;
const { records, output } = part;
const peakBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ seconds, records, outputBytes: output?.bytes ?? 0, peakBytes })}\n`);
