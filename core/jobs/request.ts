/** What a person asks for: a command over a dataset. From it come what a worker is told, how large chunks are, and what it holds of a quota. */
import { ClusterName } from '../names.ts';
import type { Amounts } from '../usage.ts';
import * as z from '../zod.ts';
import { Compression, Records } from './dataset.ts';
import { DatasetUrl, locationOf } from './location.ts';
import { chunkBytesFor } from './plan.ts';
import { workerResources } from './slot-objects.ts';
import type { JobKey } from './slots.ts';
import { JobSpec } from './spec.ts';

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

const Word = z.string().check(
  z.minLength(1),
  z.maxLength(4096),
  z.refine((word) => !word.includes('\0'), 'no NUL'),
);

export const JobRequest = z
  .strictObject({
    cluster: z.optional(ClusterName),
    dataset: DatasetUrl,
    records: z._default(Records, { kind: 'lines' }),
    compression: z._default(Compression, 'none'),
    header: z._default(z.boolean(), false),
    /** Run as it is, by no shell: `["sh", "-c", "…"]` asks for one that is in the image. */
    command: z.array(Word).check(z.minLength(1), z.maxLength(64)),
    /** Without one the command runs in the worker's own image. */
    image: z.optional(ReleasedImage),
    /** Of the command in each worker. */
    resources: z.prefault(
      z.strictObject({
        cpu: z._default(z.number().check(z.minimum(0.05), z.maximum(64)), 0.5),
        memoryMiB: z._default(z.int().check(z.minimum(32), z.maximum(262_144)), 256),
      }),
      {},
    ),
    parallelism: z._default(z.int().check(z.minimum(1), z.maximum(1000)), 4),
    /** Where the default, half of a worker's memory, does not fit. */
    chunkMiB: z.optional(z.int().check(z.minimum(1), z.maximum(1024))),
    recordMiB: z._default(z.int().check(z.minimum(1), z.maximum(1024)), 64),
    maxAttempts: z._default(z.int().check(z.minimum(1), z.maximum(20)), 4),
    toleratedFailures: z._default(z.int().check(z.minimum(0), z.maximum(1_000_000)), 0),
    timeLimitSeconds: z._default(z.int().check(z.minimum(1), z.maximum(43_200)), 3600),
    spot: z._default(z.boolean(), false),
  })
  .check(
    z.superRefine(({ records, header, compression, chunkMiB }, { addIssue }) => {
      const no = (path: string, message: string) => addIssue({ code: 'custom', path: [path], message });
      if (header && records.kind === 'fixed') no('header', 'records of one width have no header');
      if (compression !== 'none' && chunkMiB !== undefined)
        no('chunkMiB', 'a compressed object is one chunk: leave it out');
    }),
  );
export type JobRequest = z.infer<typeof JobRequest>;

export const chunkBytesOf = ({ chunkMiB, resources }: JobRequest): number =>
  chunkMiB === undefined ? chunkBytesFor(resources.memoryMiB * MiB) : chunkMiB * MiB;

/** What a worker is told. */
export function jobSpecOf(request: JobRequest, { name }: JobKey, resultsBucket: string): JobSpec {
  const { dataset, records, compression, header, command, recordMiB, maxAttempts, timeLimitSeconds } =
    request;
  return JobSpec.parse({
    job: name,
    input: { bucket: locationOf(dataset).bucket },
    results: { bucket: resultsBucket, prefix: `jobs/${name}/` },
    records,
    compression,
    header,
    recordBytes: recordMiB * MiB,
    command,
    timeLimitSeconds,
    // What a worker had that was killed is somebody else's after that; three writes of each in that time.
    leaseSeconds: 30,
    maxFailures: maxAttempts,
  });
}

/** While it runs, with what its workers take beside its command. It is no environment, and has no volume and no GPU. */
export function heldBy({ resources, parallelism }: JobRequest): Amounts {
  const { cpu, memoryMiB } = resources;
  return {
    // Thousandths of a core are added as whole numbers: 0.1 + 0.2 is 0.3.
    cpu: (Math.round((cpu + workerResources.cpu) * 1000) * parallelism) / 1000,
    memoryMiB: (memoryMiB + workerResources.memoryMiB) * parallelism,
    gpu: 0,
    environments: 0,
    storageGiB: 0,
  };
}
