/**
 * `job-table`, `job-table-mariadb`: ten million rows of a real server through a data job as people have it, by four workers of which one is
 * killed every few seconds, and into another table. What is there then is held against the first. PostgreSQL's connections have TLS.
 */
import { Client } from 'pg';
import * as z from '#core/zod.ts';
import { signIn } from '#local/demo/people.ts';
import { localDatabases } from '#local/setup/synth.ts';
import { verifyJob } from '../../cli/job-verify.ts';
import { startLocalMariadb, startLocalPostgres } from '../sql/local-database.ts';
import { askMariadb } from '../sql/mariadb-server.ts';
import type { BenchCloud } from './cloud.ts';
import { atMost, type Entry, recorded } from './entry.ts';
import { watched } from './watched-job.ts';

const rows = 10_000_000;
const workers = 4;
const killEveryMs = 10_000;

/** Of each order its number, and its amount doubled: CSV in and out, line by line. */
const double = `let rest='';process.stdin.setEncoding('latin1');process.stdin.on('data',d=>{const b=rest+d;const at=b.lastIndexOf('\\n')+1;rest=b.slice(at);let o='';for(const l of b.slice(0,at).split('\\n')){if(l==='')continue;const f=l.split(',',3);o+=f[0]+','+f[2]*2+'\\n'}process.stdout.write(o)})`;

const Checked = z.object({ spliced: z.coerce.number(), wrong: z.coerce.number(), bytes: z.coerce.number() });
type Checked = z.infer<typeof Checked>;

/** A server whose schema has `orders`, of keys with gaps that grow (a range of numbers would cut them badly), and `doubled`, empty. */
interface Side {
  readonly database: string;
  readonly schema: string;
  check(): Promise<Checked>;
  stop(): Promise<void>;
}

export async function tableJob(cloud: BenchCloud): Promise<Entry[]> {
  return measured('job-table', 'PostgreSQL', cloud, await inPostgres(cloud));
}

export async function mariadbTableJob(cloud: BenchCloud): Promise<Entry[]> {
  return measured('job-table-mariadb', 'MariaDB', cloud, await inMariadb(cloud));
}

async function inPostgres(cloud: BenchCloud): Promise<Side> {
  const settings = { shared_buffers: '512MB', maintenance_work_mem: '512MB', max_wal_size: '4GB' };
  const server = await startLocalPostgres(cloud, settings);
  const client = new Client(server.place);
  await client.connect();
  await client.query('GRANT CREATE ON SCHEMA public TO jobs');
  await client.query(`SET ROLE jobs;
    CREATE TABLE public.orders (id bigint, customer int, cents int, note text);
    CREATE TABLE public.doubled (id bigint, cents bigint);
    INSERT INTO public.orders SELECT i + (i / 1000) * (i / 5000), i % 9973, i % 100000, 'order ' || i || ' of somebody'
      FROM generate_series(1, ${rows}) i;
    ALTER TABLE public.orders ADD PRIMARY KEY (id);
    ANALYZE public.orders`);
  const check = `SELECT (SELECT count(*) FROM public.doubled) AS spliced,
    (SELECT count(*) FROM public.orders o FULL JOIN public.doubled d USING (id)
       WHERE o.id IS NULL OR d.id IS NULL OR d.cents <> o.cents * 2) AS wrong,
    pg_table_size('public.orders') AS bytes`;
  return {
    database: localDatabases.postgres.name,
    schema: 'public',
    check: async () => Checked.parse((await client.query<Record<string, unknown>>(check)).rows[0]),
    stop: async () => {
      await client.end();
      await server.stop();
    },
  };
}

async function inMariadb(cloud: BenchCloud): Promise<Side> {
  const server = await startLocalMariadb(cloud, { 'innodb-buffer-pool-size': '1G' });
  const ask = (sql: string) => askMariadb(server.place, sql);
  for (const sql of [
    'CREATE TABLE jobs.orders (id bigint PRIMARY KEY, customer int, cents int, note text)',
    'CREATE TABLE jobs.doubled (id bigint, cents bigint)',
    `INSERT INTO jobs.orders SELECT seq + (seq DIV 1000) * (seq DIV 5000), seq % 9973, seq % 100000,
       CONCAT('order ', seq, ' of somebody') FROM jobs.seq_1_to_${rows}`,
    'ANALYZE TABLE jobs.orders',
  ])
    await ask(sql);
  // It has no FULL JOIN, and to look each of the rows up in a table without a key would take hours: sums of sums of each row.
  const sums = (table: string, cents: string) =>
    `SELECT COUNT(*), SUM(CRC32(CONCAT_WS(':', id, ${cents}))), BIT_XOR(CRC32(CONCAT_WS(':', id, ${cents}))) FROM jobs.${table}`;
  const bytes = `SELECT data_length FROM information_schema.tables WHERE table_schema = 'jobs' AND table_name = 'orders'`;
  return {
    database: localDatabases.mariadb.name,
    schema: 'jobs',
    check: async () => {
      const [expected] = await ask(sums('orders', 'cents * 2'));
      const [found] = await ask(sums('doubled', 'cents'));
      const wrong = expected?.join() === found?.join() ? 0 : rows;
      return Checked.parse({ spliced: found?.[0], wrong, bytes: (await ask(bytes))[0]?.[0] });
    },
    stop: () => server.stop(),
  };
}

async function measured(name: string, engine: string, cloud: BenchCloud, side: Side): Promise<Entry[]> {
  try {
    return await run(name, engine, cloud, side);
  } finally {
    await side.stop();
  }
}

async function run(name: string, engine: string, cloud: BenchCloud, side: Side): Promise<Entry[]> {
  const person = await signIn(cloud, 'bench', ['bench']);
  const { jobs } = person.client;
  const at = { database: side.database, schema: side.schema };
  const began = performance.now();
  const { job } = await jobs.submit({
    team: 'bench',
    job: {
      table: { ...at, table: 'orders', key: ['id'] },
      target: { ...at, table: 'doubled' },
      records: { kind: 'csv' },
      command: ['node', '-e', double],
      parallelism: workers,
      chunkMiB: 16,
      maxAttempts: 20,
      resources: { cpu: 0.2, memoryMiB: 256 },
    },
  });
  const id = `bench/${job.name}`;
  const seen = await watched(cloud, person, id, killEveryMs);
  const seconds = (performance.now() - began) / 1000;
  const { faults, records, objects } = await verifyJob(jobs, id, false);
  const checked = await side.check();
  if (faults.length > 0 || records !== rows || checked.spliced !== rows || checked.wrong > 0)
    throw new Error(`${id}: ${JSON.stringify({ checked, records, faults: faults.slice(0, 5) })}`);
  const table = `${rows} rows of ${engine}, ${Math.round(checked.bytes / 2 ** 20)} MiB on disk, keys with gaps`;
  const what = `${table}, in ${objects} ranges through a command of ${workers} pods, ${seen.kills} of them killed, and into another table: each row there once, as it should be; one run on the machine that is also the database and the cloud`;
  return [
    recorded({ name: `${name}/time`, value: seconds, unit: 's', note: what }),
    recorded({
      name: `${name}/rate`,
      value: rows / seconds,
      unit: 'rows/s',
      note: 'from the request to its end, with its namespace made and removed',
    }),
    atMost(150, {
      name: `${name}/memory`,
      value: Math.max(0, ...seen.workerMiB),
      unit: 'MiB',
      note: `the largest working set of a worker's container over time, ${seen.workerMiB.length} samples`,
    }),
  ];
}
