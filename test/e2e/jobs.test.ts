/** Data jobs on a real node: workers that are killed, commands that look for credentials, and those that have no memory left. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { verify } from '#core/jobs/verify.ts';
import * as z from '#core/zod.ts';
import { runPython, withPython } from '../moto/parquet/python.ts';
import { JobInCluster } from './job-pods.ts';
import { kubectl } from './kubectl.ts';
import { killAWorker } from './workers.ts';

/** Programs of the only image that is sure to be there: it has Node, and no shell. */
const node = (script: string) => ['node', '-e', script];
const upper = node(
  "process.stdin.on('data',d=>process.stdout.write(d.toString('latin1').replace(/[a-z]/g,c=>c.toUpperCase()),'latin1'))",
);
const lines = (count: number): string =>
  Array.from({ length: count }, (_, i) => `{"id":${i},"text":"${'é'.repeat(i % 40)}"}\n`).join('');

let job: JobInCluster | undefined;
afterEach(async () => {
  await job?.end();
  job = undefined;
});

/** Looks, as a stage does, until that is so. */
async function until(of: JobInCluster, isSo: () => Promise<boolean>, seconds = 240): Promise<void> {
  for (let left = seconds; left > 0; left -= 2) {
    await of.look();
    if (await isSo()) return;
    await sleep(2000);
  }
  const text = await kubectl('--namespace', of.name, 'get', 'pods', '--output', 'wide');
  throw new Error(`${JSON.stringify(await of.look())}\n${text}`);
}

/** The first slot that is told to have failed. */
async function failed(of: JobInCluster) {
  for (let left = 60; left > 0; left--) {
    const found = (await of.look()).find(({ state }) => state === 'failed');
    if (found) return found;
    await sleep(1000);
  }
  return undefined;
}

describe('a data job in its cluster', () => {
  it('has each record once in its result, whoever is killed', async () => {
    const text = lines(60_000);
    const input = Buffer.from(text);
    job = new JobInCluster({ command: upper, input, chunkBytes: 150_000, slots: 4, memoryMiB: 64 });
    const one = job;
    await one.begin();
    await one.look().catch(() => one.look());
    await until(one, async () => (await one.states()).length > 2);
    for (let kills = 0; kills < 6; kills++) {
      await killAWorker(one.name);
      await one.look();
      await sleep(1000);
    }
    const done = async () => {
      const states = await one.states();
      return states.length === one.planned && states.every(({ state }) => state === 'committed');
    };
    await until(one, done);
    expect((await one.output()).equals(Buffer.from(text.replaceAll(/[a-z]/g, (c) => c.toUpperCase())))).toBe(
      true,
    );
    const states = await one.states();
    const parts = states.flatMap(({ chunk, parts }) => parts.map((part) => ({ ...part, key: chunk.key })));
    const object = { ...(one.object ?? { key: '', size: 0, etag: '' }), crc32: crc32(input) };
    expect(verify([object], parts)).toEqual({ faults: [], bytes: input.length, records: 60_000 });
  });

  it('gives chunks of a Parquet file as Parquet files, which together are it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parquet-'));
    const moto = (script: string): string => join(import.meta.dirname, '../moto/parquet', script);
    const programs = await withPython();
    expect(await runPython(programs, moto('files.py'), { input: folder })).toMatchObject({ code: 0 });
    const whole = join(folder, 'codec-zstd.parquet');
    const input = readFileSync(whole);
    const command = node('process.stdin.pipe(process.stdout)');
    const records = { kind: 'parquet' } as const;
    job = new JobInCluster({ command, input, chunkBytes: 8000, slots: 2, memoryMiB: 64, records });
    const one = job;
    await one.begin();
    const done = async () => {
      const states = await one.states();
      return states.length === one.planned && states.every(({ state }) => state === 'committed');
    };
    await until(one, done);
    const parts = (await one.states()).flatMap(({ parts: [part], chunk }) =>
      part ? [{ key: chunk.key, ...part }] : [],
    );
    const object = { ...(one.object ?? { key: '', size: 0, etag: '' }), crc32: crc32(input) };
    expect(verify([object], parts)).toEqual({ faults: [], bytes: input.length, records: 3000 });
    const files: string[] = [];
    for (const { output, from } of parts.toSorted((a, b) => a.from - b.from)) {
      if (output === undefined) continue;
      files.push(join(folder, `part-${from}`));
      writeFileSync(files.at(-1) ?? '', (await one.objects.result(output.key)) ?? '');
    }
    expect(files.length).toBeGreaterThan(1);
    const env = { PYTHONPATH: join(import.meta.dirname, '../../cli/hand-over') };
    const asked = JSON.stringify({ whole, parts: files, rows: [] });
    expect(await runPython(programs, moto('compared.py'), { input: asked, env })).toEqual({
      code: 0,
      err: '',
      lines: [[]],
    });
    rmSync(folder, { recursive: true });
  });

  it('shows its command no credential', async () => {
    const script = `
      const fs=require('node:fs'),found={env:Object.keys(process.env),readable:[],answers:[]};
      const walk=(p,d)=>{if(d>4)return;let e=[];try{e=fs.readdirSync(p,{withFileTypes:true})}catch{}
        for(const f of e){const q=p+'/'+f.name;if(f.isDirectory())walk(q,d+1);
          else try{if(!fs.statSync(q).isFile())continue;const t=fs.readFileSync(q,'latin1');if(/eyJ[\\w-]{20,}\\.|(AKIA|ASIA)[A-Z0-9]{12}|aws_secret/.test(t))found.readable.push(q)}catch{}}};
      for(const p of ['/var/run/secrets','/run/secrets','/getschwifty','/tmp','/etc','/home','/root'])walk(p,0);
      for(const p of fs.readdirSync('/proc').filter(n=>/^\\d+$/.test(n)))
        try{if(/AWS_CONTAINER|QUEUE_URL|TABLE_NAME|AWS_SECRET/.test(fs.readFileSync('/proc/'+p+'/environ','latin1')))found.readable.push('/proc/'+p)}catch{}
      found.processes=fs.readdirSync('/proc').filter(n=>/^\\d+$/.test(n)).map(p=>{try{return fs.readFileSync('/proc/'+p+'/cmdline','latin1').split('\\0')[0]}catch{return ''}});
      const ask=u=>fetch(u,{signal:AbortSignal.timeout(3000)}).then(r=>r.text().then(t=>found.answers.push([u,r.status,/AccessKeyId|SecretAccessKey/.test(t)])),()=>{});
      process.stdin.resume();
      Promise.all(['http://169.254.170.23/v1/credentials','http://169.254.169.254/latest/meta-data/iam/security-credentials/','http://169.254.170.2/'].map(ask))
        .then(()=>process.stdout.write(JSON.stringify(found)+'\\n'));`;
    job = new JobInCluster({
      command: node(script),
      input: Buffer.from('one\n'),
      chunkBytes: 1000,
      slots: 1,
      memoryMiB: 128,
    });
    const one = job;
    await one.begin();
    await until(one, async () => (await one.states()).some(({ state }) => state === 'committed'));
    const Found = z.object({
      env: z.array(z.string()),
      readable: z.array(z.string()),
      answers: z.array(z.tuple([z.string(), z.int(), z.boolean()])),
      processes: z.array(z.string()),
    });
    const found = Found.parse(JSON.parse(String(await one.output())));
    expect(found.readable).toEqual([]);
    expect(found.env.filter((name) => /CREDENTIAL|TOKEN|SECRET|QUEUE|TABLE|ROLE/.test(name))).toEqual([]);
    // The agent asks for a token, which only the worker has; nobody else answers at all.
    for (const [, status, secret] of found.answers) expect([status >= 400, secret]).toEqual([true, false]);
    expect(found.processes.filter(Boolean).sort()).toEqual(['/getschwifty/slot/shim', 'node']);
  });

  it("can't write where another job's results are: its namespace bounds its identity", async () => {
    job = new JobInCluster({
      command: upper,
      input: Buffer.from('one\n'),
      chunkBytes: 1000,
      slots: 1,
      memoryMiB: 64,
      prefix: 'jobs/checkout/job-ffffffffffffffff/',
    });
    const one = job;
    await one.begin();
    expect(await failed(one)).toMatchObject({ slot: 0 });
    const logs = await kubectl('--namespace', one.name, 'logs', 'job/slot-0-0', '--container', 'worker');
    expect(logs).toMatch(/AccessDenied|not authorized/i);
    // It was no fault of the chunk's, which is given back.
    expect((await one.states()).map(({ state }) => state)).toEqual(['waiting']);
  });

  it('halves no chunk that is small, and says what had no memory', async () => {
    const script = 'const a=[];process.stdin.resume();for(;;)a.push(Buffer.alloc(4e6,1))';
    job = new JobInCluster({
      command: node(script),
      input: Buffer.from('one\n'),
      chunkBytes: 1000,
      slots: 1,
      memoryMiB: 64,
      maxFailures: 1,
    });
    const one = job;
    await one.begin();
    await until(one, async () => (await one.states()).some(({ state }) => state === 'failed'));
    expect(await one.states()).toMatchObject([{ state: 'failed', lastFailure: { kind: 'out-of-memory' } }]);
  });
});
