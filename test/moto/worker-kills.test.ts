/**
 * Workers as they are, as processes, killed at random again and again: in the end every record was processed exactly once in
 * the committed result. `WORKER_KILLS=200` kills more of them.
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
import { chunksOf, planChunks } from '#core/jobs/plan.ts';
import { verify } from '#core/jobs/verify.ts';
import { workerFlags } from '#core/jobs/worker-flags.ts';
import { AwsJobObjects, awsChunkQueue } from '../contracts/aws-job-worlds.ts';
import { AwsWorlds } from '../contracts/aws-worlds.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const sdk = { endpoint: inject('moto'), region: 'us-east-1', credentials };
const kills = Number(process.env['WORKER_KILLS'] ?? 20);
const workers = 2;
const maxRounds = 20;
const entry = fileURLToPath(new URL('../worker/own-worker.ts', import.meta.url));

const worlds = new AwsWorlds(sdk);

async function job(folder: string) {
  const table = await worlds.table();
  const world = await new AwsJobObjects(sdk, worlds.name('job')).make();
  const queue = await awsChunkQueue(sdk, worlds.name('chunks'));
  const text = Array.from({ length: 30_000 }, (_, i) => `{"id":${i},"text":"${'é'.repeat(i % 40)}"}\n`).join(
    '',
  );
  const bytes = Buffer.from(text);
  const object = { ...(await world.put('data/a.ndjson', bytes)), crc32: crc32(bytes) };
  const spec = {
    job: 'j1',
    input: { bucket: world.bucket },
    results: { bucket: world.bucket, prefix: 'jobs/j1/' },
    records: { kind: 'lines' },
    // It takes a while, so that kills meet it at all of its stages.
    command: ['sh', '-c', 'sleep 0.1; tr a-z A-Z; sleep 0.1'],
    leaseSeconds: 3,
    maxFailures: 20,
    checkpointBytes: 60_000,
  };
  const file = join(folder, 'job.json');
  writeFileSync(file, JSON.stringify(spec));
  const plan = planChunks({
    objects: [object],
    records: { kind: 'lines' },
    compression: 'none',
    chunkBytes: 150_000,
  });
  await queue.queue.send(chunksOf(plan).map((chunk) => ({ job: 'j1', chunk })));
  const env = { JOB_FILE: file, TABLE_NAME: table, QUEUE_URL: queue.url, IDLE_SECONDS: '5' };
  const chunks = new ChunkItems(table, new DynamoDBClient(sdk));
  return { env, chunks, world, plan, object, text };
}

function start(env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [...workerFlags, entry], {
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

async function listed(chunks: ChunkItems): Promise<ChunkState[]> {
  const states: ChunkState[] = [];
  for await (const state of chunks.list('j1')) states.push(state);
  return states;
}

/** Chunks that nobody committed yet. */
const open = async (chunks: ChunkItems, planned: number): Promise<number> =>
  planned - (await listed(chunks)).filter(({ state }) => state === 'committed').length;

test('every record is processed exactly once in the committed result', { timeout: 1_200_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'worker-'));
  try {
    const { env, chunks, world, plan, object, text } = await job(folder);
    let left = kills;
    const slot = async () => {
      while (left > 0) {
        left -= 1;
        if (!(await killed(start(env)))) return;
      }
    };
    await Promise.all(Array.from({ length: workers }, slot));
    // Who finds nothing for a while ends, also where a message of a killed worker is hidden still: then others are started.
    for (let rounds = 0; rounds < maxRounds && (await open(chunks, plan.chunks)) > 0; rounds++) {
      const last = Array.from({ length: workers }, () => start(env));
      for (const worker of last) worker.stdout?.resume();
      const codes = await Promise.all(last.map(async (worker) => (await once(worker, 'exit'))[0]));
      expect(codes).toEqual(last.map(() => 0));
    }

    const states = await listed(chunks);
    expect(
      states.filter(({ state }) => state !== 'committed').map(({ chunk, state }) => [chunk.id, state]),
    ).toEqual([]);
    expect(states).toHaveLength(plan.chunks);
    const parts = states.flatMap(({ chunk, parts }) => parts.map((part) => ({ ...part, key: chunk.key })));
    expect(verify([object], parts)).toEqual({ faults: [], bytes: object.size, records: 30_000 });
    const results: Buffer[] = [];
    for (const { output } of parts.toSorted((a, b) => a.from - b.from))
      if (output) results.push((await world.result(output.key)) ?? Buffer.alloc(0));
    expect(
      Buffer.concat(results).toString() === text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase()),
    ).toBe(true);
    // It would be no test of kills if none had met a chunk in work.
    expect(states.reduce((sum, { attempts }) => sum + attempts, 0)).toBeGreaterThan(plan.chunks);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
