/** A data job over a table of a real MariaDB, as people have it: through pods, one of which is killed, into another table. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { localDatabases } from '#local/setup/synth.ts';
import { verifiedText, verifyJob } from '../../cli/job-verify.ts';
import { startLocalMariadb } from '../sql/local-database.ts';
import { askMariadb } from '../sql/mariadb-server.ts';
import { access } from './cloud.ts';
import { kubectl } from './kubectl.ts';
import { killAWorker } from './workers.ts';

const rows = 40_000;
let server: Awaited<ReturnType<typeof startLocalMariadb>>;
let alice: Person;

const ask = (sql: string) => askMariadb(server.place, sql);

beforeAll(async () => {
  alice = await signIn(access, 'alice');
  server = await startLocalMariadb(access);
  await ask('CREATE TABLE jobs.orders (tenant varchar(20), id int, note text, PRIMARY KEY (tenant, id))');
  await ask('CREATE TABLE jobs.loud (tenant varchar(20), id int, note text)');
  await ask(`INSERT INTO jobs.orders SELECT IF(seq % 10 = 0, CONCAT('t', seq % 7), 'large'), seq,
    IF(seq % 3 = 0, NULL, CONCAT('two\\nlines, "quoted" ', seq, REPEAT('x', 60))) FROM jobs.seq_1_to_${rows}`);
  await ask('ANALYZE TABLE jobs.orders');
});
afterAll(() => server?.stop());

const upper = `process.stdin.on('data',d=>process.stdout.write(d.toString('latin1').replace(/[a-z]/g,c=>c.toUpperCase()),'latin1'))`;

it('has each row once in the other table, whoever is killed, and leaves nothing but that', async () => {
  const at = { database: localDatabases.mariadb.name, schema: 'jobs' };
  const { job: asked } = await alice.client.jobs.submit({
    team: 'checkout',
    job: {
      table: { ...at, table: 'orders', key: ['tenant', 'id'] },
      target: { ...at, table: 'loud' },
      records: { kind: 'csv' },
      command: ['node', '-e', upper],
      chunkMiB: 1,
      parallelism: 3,
      resources: { cpu: 0.1, memoryMiB: 64 },
    },
  });
  const id = `checkout/${asked.name}`;
  const seen = (patience: number, what: string, is: (phase: string, begun: number) => boolean) =>
    until(`${id}: ${what}`, patience, async () => {
      const answer = await alice.client.jobs.get(id);
      const { phase, progress } = answer.job;
      return is(phase, progress.leased + progress.committed) ? answer : undefined;
    });
  await seen(300, 'workers', (phase, begun) => phase === 'ended' || begun > 0);
  await killAWorker(asked.name);
  const { job, history } = await seen(400, 'its end', (phase) => phase === 'ended');
  expect(job, JSON.stringify(history)).toMatchObject({
    outcome: 'succeeded',
    progress: { records: rows, failed: 0, share: 1 },
  });
  expect(job.progress.chunks).toBeGreaterThan(2);
  // Of bytes, for a collation takes letters of both sizes for the same.
  const bytes = (from: string) => `SELECT CAST(tenant AS BINARY), id, CAST(note AS BINARY) FROM (${from}) f`;
  const missing = `SELECT COUNT(*) FROM (${bytes('SELECT UPPER(tenant) AS tenant, id, UPPER(note) AS note FROM jobs.orders')}
    EXCEPT ALL ${bytes('SELECT * FROM jobs.loud')}) d`;
  expect(await ask(missing)).toEqual([['0']]);
  expect(await ask('SELECT COUNT(*) FROM jobs.loud')).toEqual([[String(rows)]]);
  const verified = await verifyJob(alice.client.jobs, id, true);
  expect(verified.faults).toEqual([]);
  expect(verifiedText(verified)).toMatch(
    new RegExp(`^Whole: \\d+ ranges of jobs.orders, .*${rows} records, each range read once`),
  );
  await expect(kubectl('get', 'namespace', asked.name)).rejects.toThrow(/not found/i);
});
