/**
 * Workers as they are, as processes, killed at random again and again: in the end every record was processed exactly once in
 * the committed result. There is as much input as it takes for 20 kills, or for `WORKER_KILLS=200`:
 * `WORKER_KILLS=200 npx vitest run --project moto test/moto/worker-kills.test.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, inject, test } from 'vitest';
import { ChunkItems } from '#adapters/aws/chunk-items.ts';
import type { ChunkState } from '#core/jobs/chunk.ts';
import type { ListedObject } from '#core/jobs/dataset.ts';
import { chunksOf, planChunks } from '#core/jobs/plan.ts';
import { verify } from '#core/jobs/verify.ts';
import { workerFlags } from '#core/jobs/worker-flags.ts';
import { bundled } from '../bundled.ts';
import { AwsJobObjects, awsChunkQueue } from '../contracts/aws-job-worlds.ts';
import { AwsWorlds } from '../contracts/aws-worlds.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const sdk = { endpoint: inject('moto'), region: 'us-east-1', credentials };
const kills = Number(process.env['WORKER_KILLS'] ?? 20);
const workers = 2;
const maxRounds = 100;
const leaseSeconds = 3;
/** While workers are killed there are always so many to take, whichever wait for a lease to run out. */
const fewestOpen = 8;
const linesOfObject = 15_000;
const entry = fileURLToPath(new URL('../worker/own-worker.ts', import.meta.url));

const worlds = new AwsWorlds(sdk);
const records = { kind: 'lines' } as const;

async function makeJob(folder: string) {
  const table = await worlds.table();
  const world = await new AwsJobObjects(sdk, worlds.name('job')).make();
  const queue = await awsChunkQueue(sdk, worlds.name('chunks'), leaseSeconds);
  const spec = {
    job: 'j1',
    input: { bucket: world.bucket },
    results: { bucket: world.bucket, prefix: 'jobs/j1/' },
    records,
    // It takes a while, so that kills meet it at all of its stages.
    command: ['sh', '-c', 'sleep 0.1; tr a-z A-Z; sleep 0.1'],
    leaseSeconds,
    maxFailures: 20,
    checkpointBytes: 60_000,
  };
  const file = join(folder, 'job.json');
  writeFileSync(file, JSON.stringify(spec));
  const env = { JOB_FILE: file, TABLE_NAME: table, QUEUE_URL: queue.url, IDLE_SECONDS: '5' };
  return new KillJob({
    env,
    world,
    queue: queue.queue,
    chunks: new ChunkItems(table, new DynamoDBClient(sdk)),
  });
}

interface Parts {
  readonly env: Readonly<Record<string, string>>;
  readonly world: AwsJobObjects;
  readonly queue: Awaited<ReturnType<typeof awsChunkQueue>>['queue'];
  readonly chunks: ChunkItems;
}

/** One whose input grows, object by object: how much is done between two kills nobody knows beforehand. */
class KillJob {
  readonly env: Parts['env'];
  readonly world: AwsJobObjects;
  readonly objects: ListedObject[] = [];
  text = '';
  planned = 0;
  readonly #parts: Parts;
  #growing: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.env = parts.env;
    this.world = parts.world;
  }

  async states(): Promise<ChunkState[]> {
    const states: ChunkState[] = [];
    for await (const state of this.#parts.chunks.list('j1')) states.push(state);
    return states;
  }

  /** Chunks that nobody committed yet. */
  async open(): Promise<number> {
    return this.planned - (await this.states()).filter(({ state }) => state === 'committed').length;
  }

  /** One after the other, whoever asks. */
  grown(): Promise<void> {
    this.#growing = this.#growing.then(async () => {
      while ((await this.open()) < fewestOpen) await this.#grow();
    });
    return this.#growing;
  }

  async #grow(): Promise<void> {
    const first = this.objects.length * linesOfObject;
    const lines = Array.from({ length: linesOfObject }, (_, i) => {
      const id = first + i;
      return `{"id":${id},"text":"${'é'.repeat(id % 40)}"}\n`;
    });
    const bytes = Buffer.from(lines.join(''));
    this.text += bytes.toString();
    const key = `data/${String(this.objects.length).padStart(4, '0')}.ndjson`;
    this.objects.push({ ...(await this.world.put(key, bytes)), crc32: crc32(bytes) });
    const plan = planChunks({ objects: this.objects, records, compression: 'none', chunkBytes: 150_000 });
    const fresh = [...chunksOf(plan, this.planned)].map((chunk) => ({ job: 'j1', chunk }));
    this.planned = plan.chunks;
    await this.#parts.queue.send(fresh);
  }
}

function start(script: string, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [...workerFlags, script], {
    env: {
      PATH: process.env['PATH'],
      AWS_REGION: sdk.region,
      AWS_ENDPOINT_URL: sdk.endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** From its first word on, at any moment of the next second. @returns whether it was killed, and did not just end. */
async function killed(worker: ChildProcess): Promise<boolean> {
  const ended = once(worker, 'exit');
  if (worker.stdout) await Promise.race([once(createInterface(worker.stdout), 'line'), ended]);
  await Promise.race([sleep(Math.random() * 1000), ended]);
  worker.kill('SIGKILL');
  const [, signal] = await ended;
  return signal === 'SIGKILL';
}

/** @returns how many were killed: of those that just end there are others. */
async function killAll(script: string, job: KillJob): Promise<number> {
  let [left, done, ended] = [kills, 0, 0];
  const slot = async () => {
    while (left > 0) {
      left -= 1;
      await job.grown();
      if (await killed(start(script, job.env))) done += 1;
      else {
        left += 1;
        ended += 1;
        if (ended > kills + 10)
          throw new Error('workers end before they can be killed: their errors are above');
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, slot));
  return done;
}

/**
 * Who finds nothing for a while ends, also where a message of a killed worker is hidden still: then others are started. For a second and no
 * longer: moto answers one after the other, and who waits for a message would hold up who has a chunk beyond its lease.
 */
async function finish(script: string, job: KillJob): Promise<void> {
  const env = { ...job.env, IDLE_SECONDS: '1' };
  for (let rounds = 0; rounds < maxRounds && (await job.open()) > 0; rounds++) {
    const last = Array.from({ length: workers }, () => start(script, env));
    for (const worker of last) worker.stdout?.resume();
    const codes = await Promise.all(last.map(async (worker) => (await once(worker, 'exit'))[0]));
    expect(codes).toEqual(last.map(() => 0));
  }
}

async function mustBeWhole({ objects, planned, text, world }: KillJob, states: ChunkState[]): Promise<void> {
  expect(
    states.filter(({ state }) => state !== 'committed').map(({ chunk, state }) => [chunk.id, state]),
  ).toEqual([]);
  expect(states).toHaveLength(planned);
  const parts = states.flatMap(({ chunk, parts }) => parts.map((part) => ({ ...part, key: chunk.key })));
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  const whole = { faults: [], bytes, records: objects.length * linesOfObject };
  expect(verify(objects, parts)).toEqual(whole);
  const results: Buffer[] = [];
  for (const { output } of parts)
    if (output) results.push((await world.result(output.key)) ?? Buffer.alloc(0));
  expect(
    Buffer.concat(results).toString() === text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase()),
  ).toBe(true);
}

const timeout = 600_000 + kills * 20_000;
test('every record is processed exactly once in the committed result', { timeout }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'worker-'));
  try {
    await bundled([entry], async ([script = '']) => {
      const job = await makeJob(folder);
      const began = Date.now();
      expect(await killAll(script, job)).toBe(kills);
      const seconds = Math.round((Date.now() - began) / 1000);
      console.info(`${kills} workers killed in ${seconds} s, over ${job.planned} chunks`);
      await finish(script, job);
      const states = await job.states();
      await mustBeWhole(job, states);
      // It would be no test of kills if they met no chunk in work.
      const again = states.reduce((sum, { attempts }) => sum + attempts, 0) - job.planned;
      expect(again).toBeGreaterThanOrEqual(kills / 2);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
