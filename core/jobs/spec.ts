/** What a worker is told of its job. */
import * as z from '../zod.ts';
import { Compression, Records } from './dataset.ts';
import { FileFeed } from './file-feed.ts';
import { Reduce } from './reduce.ts';
import { OneSnapshot } from './sql/snapshot.ts';
import { QuerySource, SqlSource, SqlTable } from './sql/table.ts';

const MiB = 2 ** 20;

/** Of Secrets Manager: where the database is, and who the worker is there (adapters/aws/database-secret.ts). */
const Secret = z.string().check(z.minLength(1), z.maxLength(2048));

/** Objects of S3, or the rows of a table: as CSV where `records` are CSV, else a line each. */
const Input = z.union([
  z.object({ bucket: z.string().check(z.minLength(3)) }),
  z.object({
    secret: Secret,
    source: z.union([SqlSource, QuerySource]),
    /** One for the whole job: whoever makes the plan holds it. */
    snapshot: z.optional(OneSnapshot),
  }),
]);

export const JobSpec = z.object({
  job: z.string().check(z.regex(/^[a-z0-9](?:-?[a-z0-9]){0,62}$/, 'lower-case letters, digits and hyphens')),
  input: Input,
  results: z.object({ bucket: z.string().check(z.minLength(3)), prefix: z.string().check(z.minLength(1)) }),
  records: Records,
  compression: z._default(Compression, 'none'),
  /** The first record of each object is before each of its chunks. */
  header: z._default(z.boolean(), false),
  /** A larger record fails its chunk. */
  recordBytes: z._default(z.int().check(z.positive()), 64 * MiB),
  /** Absent: the command reads its chunk from its standard input. */
  file: z.optional(FileFeed),
  /** Run as it is, by no shell. */
  command: z.array(z.string()).check(z.minLength(1)),
  /** Of one run of the command. */
  timeLimitSeconds: z._default(z.int().check(z.positive()), 3600),
  leaseSeconds: z._default(z.int().check(z.gte(3), z.lte(3600)), 120),
  maxFailures: z._default(z.int().check(z.positive(), z.lte(20)), 4),
  /** The table that each chunk's results are brought to, once: rows in the order of its columns. */
  target: z.optional(z.object({ secret: Secret, table: SqlTable, format: z.enum(['csv', 'text']) })),
  reduce: z.optional(Reduce),
  /** After so many bytes of a chunk the command is run anew, and what was done stays done. */
  checkpointBytes: z.optional(z.int().check(z.positive())),
});
export type JobSpec = z.infer<typeof JobSpec>;
