/** What a person asks for: what goes into an image, and what the cluster is told of it. */
import * as z from 'zod';
import { Packages } from './packages.ts';

/** One file below /app: no absolute path, no `..`, no name that hides. */
const FilePath = z
  .string()
  .max(128)
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/,
    'a path below /app, such as src/app.py',
  );

const isFolder = (path: string, files: object): boolean =>
  Object.keys(files).some((other) => other.startsWith(`${path}/`));

/** A NUL ends a word of a command where the kernel reads it. */
const Word = z
  .string()
  .min(1)
  .max(1024)
  .refine((word) => !word.includes('\0'), 'no NUL');

const Resources = z.strictObject({
  /** Cores. */
  cpu: z.number().min(0.05).max(192).default(0.25),
  memoryMiB: z.int().min(32).max(1_572_864).default(256),
  gpu: z.int().min(0).max(16).default(0),
});

/** So many at least and at most: a number is both. The cluster's autoscaler keeps the count between them. */
const Range = z
  .strictObject({ min: z.int().min(1).max(100), max: z.int().min(1).max(100) })
  .refine(({ min, max }) => min <= max, 'min is above max');
const Replicas = z.union([
  z
    .int()
    .min(1)
    .max(100)
    .transform((count) => ({ min: count, max: count }))
    .pipe(Range),
  Range,
]);

export const Spec = z.strictObject({
  /** A name of the catalog. */
  base: z.string().min(1).max(64),
  packages: Packages.prefault({}),
  files: z
    .record(FilePath, z.string().max(32_768))
    .refine((files) => Object.keys(files).length <= 32, 'at most 32 files')
    .refine((files) => !Object.keys(files).some((path) => isFolder(path, files)), 'a file is also a folder')
    .default({}),
  command: z.array(Word).min(1).max(32),
  resources: Resources.prefault({}),
  replicas: Replicas.prefault(1),
  /** How long a rollout may take until its pods accept connections; then it is rolled back. */
  readyWithinSeconds: z.int().min(20).max(3600).default(600),
});
export type Spec = z.infer<typeof Spec>;

/** What is built into its image; a change of anything else leaves the image as it is. */
export const imagePartOf = ({ base, packages, files, command }: Spec) => ({ base, packages, files, command });
/** What the cluster alone is told. */
export const runPartOf = ({ resources, replicas, readyWithinSeconds }: Spec) => ({
  resources,
  replicas,
  readyWithinSeconds,
});

/** Every environment listens here; its load balancer listens on 80. */
export const containerPort = 9000;
