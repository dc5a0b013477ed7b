/** A data job over a table, as people have it: rows of a real PostgreSQL, over TLS, through pods that are killed, into another table. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { localDatabases } from '#local/setup/synth.ts';
import { verifiedText, verifyJob } from '../../cli/job-verify.ts';
import { startLocalPostgres } from '../sql/local-database.ts';
import { access } from './cloud.ts';
import { kubectl } from './kubectl.ts';
import { killAWorker, runningPods } from './workers.ts';

const timeout = 600_000;
const rows = 40_000;
const movingRows = 25_000;
const schema = `s${randomBytes(4).toString('hex')}`;
let server: Awaited<ReturnType<typeof startLocalPostgres>>;
let client: Client;
let alice: Person;

beforeAll(async () => {
  alice = await signIn(access, 'alice');
  server = await startLocalPostgres(access);
  client = new Client(server.place);
  await client.connect();
  await client.query(`CREATE SCHEMA ${schema} AUTHORIZATION jobs; SET ROLE jobs;
    CREATE TABLE ${schema}.orders (tenant text, id int, note text, PRIMARY KEY (tenant, id));
    CREATE TABLE ${schema}.loud (tenant text, id int, note text);
    CREATE TABLE ${schema}.heap (id int);
    CREATE TABLE ${schema}.moving (id int PRIMARY KEY, note text);
    INSERT INTO ${schema}.moving SELECT i, repeat('n', 200) FROM generate_series(1, ${movingRows}) i;
    INSERT INTO ${schema}.orders SELECT CASE WHEN i % 10 = 0 THEN 't' || i % 7 ELSE 'large' END, i,
      CASE WHEN i % 3 = 0 THEN NULL ELSE E'two\\nlines, "quoted" ' || i || repeat('x', 60) END
      FROM generate_series(1, ${rows}) i`);
});
afterAll(async () => {
  await client?.end();
  await server?.stop();
});

const upper = `process.stdin.on('data',d=>process.stdout.write(d.toString('latin1').replace(/[a-z]/g,c=>c.toUpperCase()),'latin1'))`;

async function submitted(table: string, key: readonly string[]): Promise<string> {
  const at = { database: localDatabases.postgres.name, schema };
  const job = {
    table: { ...at, table, key: [...key] },
    target: { ...at, table: 'loud' },
    records: { kind: 'csv' as const },
    command: ['node', '-e', upper],
    chunkMiB: 1,
    parallelism: 3,
    resources: { cpu: 0.1, memoryMiB: 64 },
  };
  const { job: asked } = await alice.client.jobs.submit({ team: 'checkout', job });
  return `checkout/${asked.name}`;
}
const nameOf = (id: string) => id.split('/')[1] ?? '';
const ended = (id: string) =>
  until(`${id}: its end`, 400, async () => {
    const answer = await alice.client.jobs.get(id);
    return answer.job.phase === 'ended' ? answer : undefined;
  });

describe.concurrent('a job over a table', () => {
  it('has each row once in the other table, whoever is killed, and leaves nothing but that', {
    timeout,
  }, async () => {
    const id = await submitted('orders', ['tenant', 'id']);
    await until('workers', 300, async () => {
      const { job } = await alice.client.jobs.get(id);
      return job.progress.leased + job.progress.committed > 0 ? true : undefined;
    });
    for (let kills = 0; kills < 2; kills++) await killAWorker(nameOf(id));
    const { job, history } = await ended(id);
    expect(job, JSON.stringify(history)).toMatchObject({
      outcome: 'succeeded',
      progress: { records: rows, failed: 0, share: 1 },
    });
    expect(job.progress.chunks).toBeGreaterThan(2);
    const expected = `SELECT upper(tenant), id, upper(note) FROM ${schema}.orders`;
    const { rows: found } = await client.query<{ missing: number; rows: number }>(`SELECT
      (SELECT count(*)::int FROM (TABLE ${schema}.loud EXCEPT ALL ${expected}) d) AS missing,
      (SELECT count(*)::int FROM ${schema}.loud) AS rows`);
    expect(found).toEqual([{ missing: 0, rows }]);
    const verified = await verifyJob(alice.client.jobs, id, true);
    expect(verified.faults).toEqual([]);
    expect(verifiedText(verified)).toMatch(
      new RegExp(`^Whole: \\d+ ranges of ${schema}.orders, .*${rows} records, each range read once`),
    );
    await expect(kubectl('get', 'namespace', nameOf(id))).rejects.toThrow(/not found/i);
  });

  it('or over a query gives its rows to the command, in the order of its key', { timeout }, async () => {
    const sql = `SELECT id, count(*) OVER () AS all FROM ${schema}.orders WHERE tenant = 'large' AND id <= 5000`;
    const { job: asked } = await alice.client.jobs.submit({
      team: 'checkout',
      job: {
        query: { database: localDatabases.postgres.name, sql, key: ['id'] },
        command: ['node', '-e', 'process.stdin.pipe(process.stdout)'],
        reduce: { kind: 'concatenate' },
        resources: { cpu: 0.1, memoryMiB: 64 },
      },
    });
    const id = `checkout/${asked.name}`;
    const { job, history } = await ended(id);
    expect(job, JSON.stringify(history)).toMatchObject({ outcome: 'succeeded', progress: { records: 4500 } });
    const { result } = await alice.client.jobs.files(id);
    const lines = (await (await fetch(result ?? '')).text()).split('\n').slice(0, -1);
    const ids = Array.from({ length: 5000 }, (_, i) => i + 1).filter((one) => one % 10 !== 0);
    expect(lines).toEqual(ids.map((one) => `${one}\t4500`));
    expect((await verifyJob(alice.client.jobs, id, true)).faults).toEqual([]);
  });

  it('without a key ends with what to do', { timeout }, async () => {
    const { job } = await ended(await submitted('heap', ['id']));
    expect(job).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/id may be null, so it is no key: name columns that are NOT NULL/),
    });
  });
});

// One after the other: the first writes what the second reads.
describe('a job over a table, of one snapshot', () => {
  /** Planned, so that its snapshot is held, and not at its end. */
  const ofOneSnapshot = async (seconds: number) => {
    const command = `process.stdin.pipe(process.stdout); process.stdin.on('end', () => setTimeout(() => 0, ${seconds * 1000}))`;
    const snapshot = { kind: 'job' as const, maxSeconds: 600 };
    const { job: asked } = await alice.client.jobs.submit({
      team: 'checkout',
      job: {
        table: { database: localDatabases.postgres.name, schema, table: 'moving', key: ['id'], snapshot },
        command: ['node', '-e', command],
        reduce: { kind: 'concatenate' },
        chunkMiB: 1,
        parallelism: 2,
        resources: { cpu: 0.1, memoryMiB: 64 },
      },
    });
    const id = `checkout/${asked.name}`;
    await until('its plan', 300, async () => {
      const { job } = await alice.client.jobs.get(id);
      return job.phase === 'running' || job.phase === 'ended' ? true : undefined;
    });
    return id;
  };
  const change = (sql: string) => client.query(sql.replaceAll('moving', `${schema}.moving`));

  it('has all rows as they were when it began, whatever is written meanwhile', {
    timeout,
  }, async () => {
    const id = await ofOneSnapshot(3);
    await change(`DELETE FROM moving WHERE id % 3 = 0; UPDATE moving SET note = 'late', id = -id;
      INSERT INTO moving SELECT i, 'late' FROM generate_series(${movingRows}, ${2 * movingRows}) i`);
    const { job: half } = await alice.client.jobs.get(id);
    expect(half.progress.open).toBeGreaterThan(1);
    await expect(alice.client.jobs.say(id, 'pause')).rejects.toThrow(/one snapshot.*cancel it/);
    const { job, history } = await ended(id);
    expect(job, JSON.stringify(history)).toMatchObject({
      outcome: 'succeeded',
      progress: { records: movingRows, failed: 0 },
    });
    const { result } = await alice.client.jobs.files(id);
    const text = await (await fetch(result ?? '')).text();
    const note = 'n'.repeat(200);
    const expected = Array.from({ length: movingRows }, (_, i) => `${i + 1}\t${note}\n`);
    expect(text === expected.join('')).toBe(true);
    expect((await verifyJob(alice.client.jobs, id, true)).faults).toEqual([]);
  });

  it('whose holder is killed ends failed, with what to do, and is not gone on with', {
    timeout,
  }, async () => {
    const id = await ofOneSnapshot(10);
    await until('a worker beside its holder', 300, async () => {
      const { job } = await alice.client.jobs.get(id);
      return job.progress.leased > 0 ? true : undefined;
    });
    expect((await runningPods(nameOf(id))).length).toBeGreaterThan(1);
    await killAWorker(nameOf(id), 'slot-0-');
    const { job, history } = await ended(id);
    expect(job, JSON.stringify(history)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/snapshot is gone: .*run the job again, with more time/),
      progress: { failed: 0 },
    });
    expect(job.progress.open).toBeGreaterThan(0);
    await expect(alice.client.jobs.retry(id)).rejects.toThrow(/Ask for it anew/);
  });
});
