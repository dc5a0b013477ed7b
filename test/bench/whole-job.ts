/**
 * `job-whole`: 5 GiB of NDJSON through a data job as people have it, by four workers of 256 MiB, of which one is killed every few
 * seconds. What it made is compared, byte for byte, with what the plain command makes of the same input.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { controlPlane } from '#local/demo/access.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { verifyJob } from '../../cli/job-verify.ts';
import type { BenchCloud } from './cloud.ts';
import { atMost, type Entry, recorded } from './entry.ts';
import { watched } from './watched-job.ts';

const MiB = 2 ** 20;
const objects = 10;
const partBytes = 64 * MiB;
const partsOfObject = 8;
const totalBytes = objects * partsOfObject * partBytes;
const workers = 4;
const killEveryMs = 8000;

/** Keeps one line of sixteen, by a digit of its number: what it writes is a small part, so that the endpoint has room for it. */
const keep = `const want=102;let rest=Buffer.alloc(0);process.stdin.on('data',d=>{const b=rest.length?Buffer.concat([rest,d]):d;let a=0,e;const o=[];while((e=b.indexOf(10,a))>=0){if(b[a+9]===want)o.push(b.subarray(a,e+1));a=e+1}rest=Buffer.from(b.subarray(a));if(o.length)process.stdout.write(Buffer.concat(o))})`;
const command = ['node', '-e', keep];

/** Lines of 128 bytes, so that each part of an object is whole lines; the last digit of a number is what is kept by. */
function part(number: number): Buffer {
  const lines = partBytes / 128;
  const first = number * lines;
  const buffer = Buffer.alloc(partBytes, 'x');
  for (let i = 0; i < lines; i++) {
    const id = (first + i).toString(16).padStart(8, '0').split('').reverse().join('');
    // {"id":"…","text":"xxx…"}
    buffer.write(`{"id":"  ${id}","text":"`, i * 128, 'latin1');
    buffer.write('"}\n', i * 128 + 125, 'latin1');
  }
  return buffer;
}

export async function wholeJob(cloud: BenchCloud): Promise<Entry[]> {
  const person = await signIn(cloud, 'bench', ['bench']);
  const bucket = controlPlane(cloud.cloud).JobBucketName;
  const s3 = new S3Client({ ...cloud.sdk, forcePathStyle: true });
  const prefix = `datasets/bench/whole-${Date.now().toString(36)}/`;
  try {
    const expected = await filled(s3, bucket, prefix);
    return await run(cloud, person, `s3://${bucket}/${prefix}`, expected);
  } finally {
    await emptied(s3, bucket, prefix);
  }
}

interface Made {
  readonly sha256: string;
  readonly bytes: number;
}

/** Each part goes into its object, and through the plain command. */
async function filled(s3: S3Client, Bucket: string, prefix: string): Promise<Made> {
  const [program = '', ...args] = command;
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const made = digestOf(child.stdout);
  for (let object = 0; object < objects; object++) {
    const at = { Bucket, Key: `${prefix}${String(object).padStart(3, '0')}.ndjson` };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at));
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let i = 0; i < partsOfObject; i++) {
      const Body = part(object * partsOfObject + i);
      const PartNumber = i + 1;
      const { ETag } = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }));
      Parts.push({ PartNumber, ETag });
      if (!child.stdin.write(Body)) await new Promise((resolve) => child.stdin.once('drain', resolve));
    }
    await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));
  }
  child.stdin.end();
  return made;
}

async function digestOf(bytes: AsyncIterable<Uint8Array>): Promise<Made> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const some of bytes) {
    hash.update(some);
    size += some.length;
  }
  return { sha256: hash.digest('hex'), bytes: size };
}

async function run(cloud: BenchCloud, person: Person, dataset: string, expected: Made): Promise<Entry[]> {
  const { jobs } = person.client;
  const began = performance.now();
  const resources = { cpu: 0.2, memoryMiB: 256 };
  const asked = { dataset, command, parallelism: workers, chunkMiB: 64, maxAttempts: 20, resources };
  const { job } = await jobs.submit({ team: 'bench', job: asked });
  const id = `bench/${job.name}`;
  const seen = await watched(cloud, person, id, killEveryMs);
  const seconds = (performance.now() - began) / 1000;
  const verified = await verifyJob(jobs, id, true);
  const made = await digestOf(resultsOf(person, id));
  const isSame =
    made.sha256 === expected.sha256 && verified.faults.length === 0 && verified.bytes === totalBytes;
  if (!isSame)
    throw new Error(`${id}: ${JSON.stringify({ made, expected, faults: verified.faults.slice(0, 5) })}`);
  const what = `${totalBytes / 2 ** 30} GiB of NDJSON, ${verified.records} lines in chunks of 64 MiB, ${workers} pods of 256 MiB, ${seen.kills} of them killed; what it made (${Math.round(made.bytes / MiB)} MiB) is the plain command's, byte for byte; one run on the machine that is also S3, SQS and the table`;
  return [
    recorded({ name: 'job-whole/time', value: seconds, unit: 's', note: what }),
    recorded({
      name: 'job-whole/rate',
      value: totalBytes / MiB / seconds,
      unit: 'MiB/s',
      note: 'from the request to its end, with its namespace made and removed',
    }),
    atMost(150, {
      name: 'job-whole/memory',
      value: Math.max(0, ...seen.workerMiB),
      unit: 'MiB',
      note: `the largest working set of a worker's container over time, as the cluster's metrics have it, ${seen.workerMiB.length} samples; of a command's ${Math.round(Math.max(0, ...seen.commandMiB))} MiB`,
    }),
  ];
}

async function* resultsOf({ client }: Person, id: string): AsyncGenerator<Uint8Array> {
  for await (const { url, key } of client.jobs.results(id)) {
    const answer = await fetch(url);
    if (!answer.ok || answer.body === null) throw new Error(`${key} was not given (${answer.status})`);
    yield* answer.body;
  }
}

async function emptied(s3: S3Client, Bucket: string, Prefix: string): Promise<void> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const Objects = Contents.map(({ Key }) => ({ Key }));
  if (Objects.length > 0) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
}
