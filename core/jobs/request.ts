/** What a person asks for: a command over a dataset. From it come what a worker is told, how large chunks are, and what it holds of a quota. */
import { ClusterName, NodePoolName } from '../names.ts';
import type { Amounts } from '../usage.ts';
import * as z from '../zod.ts';
import { Command } from './command.ts';
import { type Database, DatabaseName } from './databases.ts';
import { Compression, type DatasetObject, isCut, Records } from './dataset.ts';
import { AskedFile, fileFeedOf } from './file-feed.ts';
import { DatasetUrl, locationOf } from './location.ts';
import { chunkBytesFor, type Plan, planChunks } from './plan.ts';
import { priorities } from './priority.ts';
import { Reduce } from './reduce.ts';
import { workerResources } from './slot-objects.ts';
import { type JobKey, JobName, resultsBelow } from './slots.ts';
import { JobSpec } from './spec.ts';
import { OneSnapshot } from './sql/snapshot.ts';
import { type AnySource, isQuery, QuerySource, SqlSource, SqlTable } from './sql/table.ts';

const MiB = 2 ** 20;

/** What was judged, approved and released for an environment: nothing else runs in a cluster. */
const ReleasedImage = z
  .string()
  .check(
    z.maxLength(140),
    z.regex(
      /^release\/[a-z0-9-]{2,24}\/[a-z0-9-]{2,24}@sha256:[0-9a-f]{64}$/,
      'what was released for an environment of the team, by its digest: release/team/environment@sha256:…',
    ),
  );

export const MemoryMiB = z.int().check(z.minimum(32), z.maximum(262_144));

/** Without `snapshot` each chunk is of one of its own: of when it is read. */
const fromDatabase = { database: DatabaseName, snapshot: z.optional(OneSnapshot) };
/** `key`: the columns of a unique key of it, none of which may be null. */
const TableInput = z.strictObject({ ...fromDatabase, ...SqlSource.shape });
/** `key`: columns of what it gives, none of which may be null; its rows need not have one each. */
const QueryInput = z.strictObject({
  ...fromDatabase,
  sql: QuerySource.shape.query,
  key: QuerySource.shape.key,
});
const TableTarget = z.strictObject({
  database: DatabaseName,
  ...SqlTable.shape,
  /** What the command writes: CSV, or lines with tabs between columns, as PostgreSQL's COPY has them. */
  format: z._default(z.enum(['csv', 'text']), 'csv'),
});

/** Slots are numbered up to 999, and the first one's worker holds the snapshot. */
const maxReaders = 999;

const shape = {
  cluster: z.optional(ClusterName),
  /** What is read: objects, what another job made of them, a table, or what a query gives; one of these. */
  dataset: z.optional(DatasetUrl),
  /** A job of the team that has succeeded. */
  results: z.optional(JobName),
  table: z.optional(TableInput),
  query: z.optional(QueryInput),
  /** Where each chunk's results go on to, once: rows in the order of its columns. */
  target: z.optional(TableTarget),
  records: z._default(Records, { kind: 'lines' }),
  compression: z._default(Compression, 'none'),
  header: z._default(z.boolean(), false),
  /** A file of its own for each chunk; without, its standard input. `{file}` in a word of the command is its path, as CHUNK_FILE is. */
  feed: z.optional(AskedFile),
  /** Run as it is, by no shell: `["sh", "-c", "…"]` asks for one that is in the image. */
  command: Command,
  /** Of all results, when no chunk is open any more. */
  reduce: z.optional(Reduce),
  /** Without one the command runs in the worker's own image. */
  image: z.optional(ReleasedImage),
  /** Of the command in each worker. */
  resources: z.prefault(
    z.strictObject({
      cpu: z._default(z.number().check(z.minimum(0.05), z.maximum(64)), 0.5),
      memoryMiB: z._default(MemoryMiB, 256),
    }),
    {},
  ),
  parallelism: z._default(z.int().check(z.minimum(1), z.maximum(1000)), 4),
  /** Where the default, half of a worker's memory, does not fit. */
  chunkMiB: z.optional(z.int().check(z.minimum(1), z.maximum(1024))),
  /** After so much of a chunk the command is run anew, and what it did stays done. */
  checkpointMiB: z.optional(z.int().check(z.minimum(16), z.maximum(1023))),
  recordMiB: z._default(z.int().check(z.minimum(1), z.maximum(1024)), 64),
  maxAttempts: z._default(z.int().check(z.minimum(1), z.maximum(20)), 4),
  toleratedFailures: z._default(z.int().check(z.minimum(0), z.maximum(1_000_000)), 0),
  timeLimitSeconds: z._default(z.int().check(z.minimum(1), z.maximum(43_200)), 3600),
  spot: z._default(z.boolean(), false),
  /** Before whom its workers are placed, of jobs alone: environments go before all of them. */
  priority: z._default(z.enum(priorities), 'normal'),
  /** Of those that the configuration lets data jobs have. */
  nodePool: z.optional(NodePoolName),
};

/** What a job reads, by the names of its fields. */
export const inputsOf = ({ dataset, results, table, query }: Input): string[] =>
  Object.entries({ dataset, results, table, query }).flatMap(([name, input]) =>
    input === undefined ? [] : [name],
  );

/** As it stands when what it reads is not known yet. */
export const JobWithoutInput = z.strictObject(shape).check(
  z.superRefine((request, { addIssue }) => {
    const { table, query, target, reduce, records, header, compression, chunkMiB, checkpointMiB } = request;
    const no = (path: string, message: string) => addIssue({ code: 'custom', path: [path], message });
    for (const name of inputsOf(request).slice(1))
      no(name, "a dataset, a job's results, a table or a query: one of them");
    if (table !== undefined || query !== undefined) {
      if (records.kind !== 'lines' && records.kind !== 'csv')
        no('records', 'rows of a database are lines, or CSV');
      if (header) no('header', 'rows of a database come without a header: columns are in their order');
      if (compression !== 'none') no('compression', 'rows of a database are not compressed');
    }
    if (snapshotOf(request) !== undefined && request.parallelism > maxReaders)
      no('parallelism', `${maxReaders} at most beside who holds the snapshot`);
    if (reduce !== undefined && target !== undefined)
      no('reduce', 'results that go on to a table are not brought together');
    if (header && records.kind === 'fixed') no('header', 'records of one width have no header');
    if (header && records.kind === 'parquet') no('header', 'Parquet says itself what its columns are');
    if (compression !== 'none' && records.kind === 'parquet')
      no('compression', 'Parquet is compressed within: leave it out');
    if (compression === 'zstd-seekable' && records.kind === 'csv')
      no(
        'compression',
        'whether a frame begins between quotes nobody knows: say lines where no field has a line feed, or zstd',
      );
    if (!isCut(compression) && chunkMiB !== undefined)
      no('chunkMiB', 'a compressed object is one chunk: leave it out');
    if (checkpointMiB !== undefined) {
      const room = chunkBytesOf(request) / MiB;
      if (isDoneAtOnce(request))
        no('checkpointMiB', 'rows, row groups and what is compressed are done at once: leave it out');
      else if (checkpointMiB >= room)
        no(
          'checkpointMiB',
          `a chunk has ${room} MiB, and would have none: ask for less, or for larger chunks (chunkMiB)`,
        );
    }
  }),
);

export const JobRequest = JobWithoutInput.check(
  z.refine((request) => inputsOf(request).length > 0, {
    path: ['dataset'],
    error: "what is to be read: a dataset, a job's results, a table, or a query",
  }),
);
export type JobRequest = z.infer<typeof JobRequest>;

export const chunkBytesOf = ({ chunkMiB, resources }: Pick<JobRequest, 'chunkMiB' | 'resources'>): number =>
  chunkMiB === undefined ? chunkBytesFor(resources.memoryMiB * MiB) : chunkMiB * MiB;

/** Its chunks stay as they were cut, although the default is of the memory. */
export function withMemory(request: JobRequest, memoryMiB: number): JobRequest {
  const { resources, compression } = request;
  if (memoryMiB === resources.memoryMiB) return request;
  const cut = isCut(compression) ? { chunkMiB: chunkBytesOf(request) / MiB } : {};
  return { ...request, ...cut, resources: { ...resources, memoryMiB } };
}

export type JobInput =
  | { readonly kind: 'objects'; readonly dataset: string }
  | { readonly kind: 'results'; readonly job: JobName }
  | {
      readonly kind: 'rows';
      readonly database: string;
      readonly source: AnySource;
      readonly snapshot?: OneSnapshot | undefined;
    };
type Input = Pick<z.infer<typeof JobWithoutInput>, 'dataset' | 'results' | 'table' | 'query'>;

export function inputOf({ dataset, results, table, query }: Input): JobInput {
  if (results !== undefined) return { kind: 'results', job: results };
  if (table !== undefined) {
    const { database, snapshot, ...source } = table;
    return { kind: 'rows', database, source, snapshot };
  }
  if (query !== undefined) {
    const { database, snapshot, sql, key } = query;
    return { kind: 'rows', database, source: { query: sql, key }, snapshot };
  }
  if (dataset === undefined) throw new Error('a job without an input: its schema lets none be');
  return { kind: 'objects', dataset };
}

/** What all its chunks are of, where that is one: a worker more holds it. */
export const snapshotOf = ({ table, query }: Pick<JobRequest, 'table' | 'query'>): OneSnapshot | undefined =>
  (table ?? query)?.snapshot;

/** Who reaches its database finds where it is cut; all else is listed from outside. */
export const readsRows = (request: Input): boolean => inputOf(request).kind === 'rows';

/** As people read it. */
export function inputText(request: Input): string {
  const input = inputOf(request);
  if (input.kind === 'objects') return input.dataset;
  if (input.kind === 'results') return `what ${input.job} made`;
  const { database, source } = input;
  return isQuery(source) ? `a query of ${database}` : `${source.schema}.${source.table} of ${database}`;
}

/** Of objects. @throws Rejected for what no job can read. */
export function planOf(request: JobRequest, objects: readonly DatasetObject[]): Plan {
  const { records, compression } = request;
  return planChunks({ objects, records, compression, chunkBytes: chunkBytesOf(request) });
}

/** Where a chunk begins between quotes, nobody knows who has not read what is before it. */
export const hasQuotes = (request: JobRequest): boolean =>
  !readsRows(request) && request.records.kind === 'csv' && request.compression === 'none';

/** By name, each once. */
export const databasesOf = ({ table, query, target }: JobRequest): readonly string[] => [
  ...new Set([table, query, target].flatMap((one) => (one === undefined ? [] : [one.database]))),
];

/**
 * What a worker is told.
 * @param databases those that it names.
 */
export function jobSpecOf(
  request: JobRequest,
  key: JobKey,
  { resultsBucket, databases }: { readonly resultsBucket: string; readonly databases: readonly Database[] },
): JobSpec {
  const {
    target,
    reduce,
    records,
    compression,
    header,
    command,
    recordMiB,
    maxAttempts,
    timeLimitSeconds,
    checkpointMiB,
    feed,
  } = request;
  const secretOf = (database: string) => databases.find((one) => one.name === database)?.secret;
  const input = inputOf(request);
  return JobSpec.parse({
    job: key.name,
    input:
      input.kind === 'rows'
        ? {
            secret: secretOf(input.database),
            source: input.source,
            ...(input.snapshot && { snapshot: input.snapshot }),
          }
        : { bucket: input.kind === 'objects' ? locationOf(input.dataset).bucket : resultsBucket },
    ...(target !== undefined && {
      target: { secret: secretOf(target.database), table: target, format: target.format },
    }),
    ...(reduce !== undefined && { reduce }),
    results: { bucket: resultsBucket, prefix: resultsBelow(key) },
    records,
    compression,
    header,
    ...(feed && { file: fileFeedOf(feed, knownMiBOf(request)) }),
    recordBytes: recordMiB * MiB,
    ...(checkpointMiB !== undefined && { checkpointBytes: checkpointMiB * MiB }),
    command,
    timeLimitSeconds,
    // What a worker had that was killed is somebody else's after that; three writes of each in that time.
    leaseSeconds: 30,
    maxFailures: maxAttempts,
  });
}

/** Of a chunk of it no piece is any use. */
const isDoneAtOnce = ({ table, query, compression, records }: z.infer<typeof JobWithoutInput>): boolean =>
  table !== undefined || query !== undefined || compression !== 'none' || records.kind === 'parquet';

/** Its own bytes, a header, and the record that goes beyond its end; undefined where that is known of no chunk. */
function knownMiBOf(request: JobRequest): number | undefined {
  if (isDoneAtOnce(request)) return undefined;
  return Math.ceil(chunkBytesOf(request) / MiB) + 2 * request.recordMiB;
}

/** Workers beside those that are at chunks. */
export const holdersOf = (request: JobRequest): number => Number(snapshotOf(request) !== undefined);

/** While it runs, with what its workers take beside its command. It is no environment, and has no volume and no GPU. */
export function heldBy(request: JobRequest): Amounts {
  const { cpu, memoryMiB } = request.resources;
  const workers = request.parallelism + holdersOf(request);
  return {
    // Thousandths of a core are added as whole numbers: 0.1 + 0.2 is 0.3.
    cpu: (Math.round((cpu + workerResources.cpu) * 1000) * workers) / 1000,
    memoryMiB: (memoryMiB + workerResources.memoryMiB) * workers,
    gpu: 0,
    environments: 0,
    storageGiB: 0,
  };
}
