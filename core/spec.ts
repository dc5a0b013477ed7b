/** What a person asks for: what goes into an image, and what the cluster is told of it. */
import { Packages } from './packages.ts';
import { isAlone, Volume } from './volume.ts';
import * as z from './zod.ts';

/** One file below /app: no absolute path, no `..`, no name that hides. */
const FilePath = z
  .string()
  .check(
    z.maxLength(128),
    z.regex(
      /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/,
      'a path below /app, such as src/app.py',
    ),
  );

const isFolder = (path: string, files: object): boolean =>
  Object.keys(files).some((other) => other.startsWith(`${path}/`));

/** A NUL ends a word of a command where the kernel reads it. */
const Word = z.string().check(
  z.minLength(1),
  z.maxLength(1024),
  z.refine((word) => !word.includes('\0'), 'no NUL'),
);

const Resources = z.strictObject({
  /** Cores. */
  cpu: z._default(z.number().check(z.minimum(0.05), z.maximum(192)), 0.25),
  memoryMiB: z._default(z.int().check(z.minimum(32), z.maximum(1_572_864)), 256),
  gpu: z._default(z.int().check(z.minimum(0), z.maximum(16)), 0),
});

const Access = z.strictObject({
  /** SSH and SFTP on port 22 of its name, for the keys of the team's people. */
  ssh: z._default(z.boolean(), false),
  /** What all sessions of a pod may use together. */
  memoryMiB: z._default(z.int().check(z.minimum(64), z.maximum(65_536)), 256),
});

/** So many at least and at most: a number is both. The cluster's autoscaler keeps the count between them. */
const Range = z
  .strictObject({
    min: z.int().check(z.minimum(1), z.maximum(100)),
    max: z.int().check(z.minimum(1), z.maximum(100)),
  })
  .check(z.refine(({ min, max }) => min <= max, 'min is above max'));
const Replicas = z.union([
  z.pipe(
    z.pipe(
      z.int().check(z.minimum(1), z.maximum(100)),
      z.transform((count) => ({ min: count, max: count })),
    ),
    Range,
  ),
  Range,
]);

export const Spec = z
  .strictObject({
    /** A name of the catalog. */
    base: z.string().check(z.minLength(1), z.maxLength(64)),
    packages: z.prefault(Packages, {}),
    files: z._default(
      z.record(FilePath, z.string().check(z.maxLength(32_768))).check(
        z.refine((files) => Object.keys(files).length <= 32, 'at most 32 files'),
        z.refine(
          (files) => !Object.keys(files).some((path) => isFolder(path, files)),
          'a file is also a folder',
        ),
      ),
      {},
    ),
    command: z.array(Word).check(z.minLength(1), z.maxLength(32)),
    resources: z.prefault(Resources, {}),
    replicas: z.prefault(Replicas, 1),
    access: z.prefault(Access, {}),
    /** Kept over stops, resizes and rollouts, at /workspace. */
    volume: z.optional(Volume),
    /** How long a rollout may take until its pods accept connections; then it is rolled back. */
    readyWithinSeconds: z._default(z.int().check(z.minimum(20), z.maximum(3600)), 600),
  })
  .check(
    z.superRefine((spec, context) => {
      if (!isAlone(spec) || spec.replicas.max === 1) return;
      const message =
        'a ReadWriteOnce volume has one pod at a time: ask for 1 replica, or for a ReadWriteMany volume';
      context.addIssue({ code: 'custom', path: ['replicas'], message });
    }),
  );
export type Spec = z.infer<typeof Spec>;

/** What is built into its image; a change of anything else leaves the image as it is. */
export const imagePartOf = ({ base, packages, files, command }: Spec) => ({ base, packages, files, command });
/** What the cluster alone is told. */
export const runPartOf = ({ resources, replicas, access, volume, readyWithinSeconds }: Spec) => ({
  resources,
  replicas,
  access,
  volume,
  readyWithinSeconds,
});

/** Every environment listens here; its load balancer listens on 80. */
export const containerPort = 9000;
