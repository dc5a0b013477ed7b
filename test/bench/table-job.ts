/**
 * `job-table`: ten million rows of a real PostgreSQL through a data job as people have it, over TLS, by four workers of which one is
 * killed every few seconds, and into another table. What is there then is held against the first, row by row.
 */
import { Client } from 'pg';
import * as z from '#core/zod.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { localDatabase } from '#local/setup/synth.ts';
import { verifyJob } from '../../cli/job-verify.ts';
import { startLocalDatabase } from '../sql/local-database.ts';
import type { BenchCloud } from './cloud.ts';
import { atMost, type Entry, recorded } from './entry.ts';
import { watched } from './watched-job.ts';

const rows = 10_000_000;
const workers = 4;
const killEveryMs = 10_000;

/** Of each order its number, and its amount doubled: CSV in and out, line by line. */
const double = `let rest='';process.stdin.setEncoding('latin1');process.stdin.on('data',d=>{const b=rest+d;const at=b.lastIndexOf('\\n')+1;rest=b.slice(at);let o='';for(const l of b.slice(0,at).split('\\n')){if(l==='')continue;const f=l.split(',',3);o+=f[0]+','+f[2]*2+'\\n'}process.stdout.write(o)})`;

/** Keys with gaps that grow: a range of numbers would cut them badly. */
const fill = `SET ROLE jobs;
  CREATE TABLE public.orders (id bigint, customer int, cents int, note text);
  CREATE TABLE public.doubled (id bigint, cents bigint);
  INSERT INTO public.orders SELECT i + (i / 1000) * (i / 5000), i % 9973, i % 100000, 'order ' || i || ' of somebody'
    FROM generate_series(1, ${rows}) i;
  ALTER TABLE public.orders ADD PRIMARY KEY (id);
  ANALYZE public.orders`;

const check = `SELECT (SELECT count(*) FROM public.doubled) AS spliced,
  (SELECT count(*) FROM public.orders o FULL JOIN public.doubled d USING (id)
     WHERE o.id IS NULL OR d.id IS NULL OR d.cents <> o.cents * 2) AS wrong,
  pg_table_size('public.orders') AS bytes`;
const Checked = z.object({ spliced: z.coerce.number(), wrong: z.coerce.number(), bytes: z.coerce.number() });

export async function tableJob(cloud: BenchCloud): Promise<Entry[]> {
  const person = await signIn(cloud, 'bench', ['bench']);
  const settings = { shared_buffers: '512MB', maintenance_work_mem: '512MB', max_wal_size: '4GB' };
  const database = await startLocalDatabase(cloud, settings);
  const client = new Client(database.place);
  try {
    await client.connect();
    await client.query('GRANT CREATE ON SCHEMA public TO jobs');
    await client.query(fill);
    return await run(cloud, person, client);
  } finally {
    await client.end();
    await database.stop();
  }
}

async function run(cloud: BenchCloud, person: Person, client: Client): Promise<Entry[]> {
  const { jobs } = person.client;
  const at = { database: localDatabase.name, schema: 'public' };
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
  const checked = Checked.parse((await client.query<Record<string, unknown>>(check)).rows[0]);
  if (faults.length > 0 || records !== rows || checked.spliced !== rows || checked.wrong > 0)
    throw new Error(`${id}: ${JSON.stringify({ checked, records, faults: faults.slice(0, 5) })}`);
  const table = `${rows} rows, ${Math.round(checked.bytes / 2 ** 20)} MiB on disk, keys with gaps`;
  const what = `${table}, in ${objects} ranges through a command of ${workers} pods, ${seen.kills} of them killed, and into another table: each row there once, as it should be; one run on the machine that is also the database and the cloud`;
  return [
    recorded({ name: 'job-table/time', value: seconds, unit: 's', note: what }),
    recorded({
      name: 'job-table/rate',
      value: rows / seconds,
      unit: 'rows/s',
      note: 'from the request to its end, with its namespace made and removed',
    }),
    atMost(150, {
      name: 'job-table/memory',
      value: Math.max(0, ...seen.workerMiB),
      unit: 'MiB',
      note: `the largest working set of a worker's container over time, ${seen.workerMiB.length} samples`,
    }),
  ];
}
