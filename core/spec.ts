/**
 * What a person asks for. Each name is held to the grammar of its own ecosystem, so that nothing that is typed here
 * can become an instruction of a Dockerfile or an option of a package manager.
 */
import * as z from 'zod';

const pkg = (name: RegExp, what: string, version: RegExp, versionSays: string) =>
  z.strictObject({
    name: z.string().max(128).regex(name, what),
    version: z.string().max(64).regex(version, `a version: ${versionSays}`).optional(),
  });

/** Debian policy 5.6.1 and 5.6.12; no `-` at the end of a name: apt-get takes `name-` as an order to remove. */
const AptPackage = pkg(
  /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/,
  "a Debian package's name",
  /^[0-9A-Za-z][0-9A-Za-z.+~:-]*$/,
  'letters, digits and . + ~ : -',
);
/** PEP 508 names, PEP 440 versions. */
const PipPackage = pkg(
  /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/,
  "a Python distribution's name",
  /^[0-9A-Za-z][0-9A-Za-z.+!_-]*$/,
  'letters, digits and . + ! _ -',
);
/** validate-npm-package-name, new names only; no `:` in a version: npm takes `npm:…` and `file:…` as other sources. */
const NpmPackage = pkg(
  /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/,
  "an npm package's name",
  /^[0-9A-Za-z][0-9A-Za-z.+-]*$/,
  'letters, digits and . + -',
);

export const PackageManager = z.enum(['apt', 'pip', 'npm']);
export type PackageManager = z.infer<typeof PackageManager>;

/** For what comes from elsewhere than a spec, such as a scan. */
export const packageGrammar = { apt: AptPackage, pip: PipPackage, npm: NpmPackage };

export const Packages = z.strictObject({
  apt: z.array(AptPackage).max(100).default([]),
  pip: z.array(PipPackage).max(100).default([]),
  npm: z.array(NpmPackage).max(100).default([]),
});
export type Packages = z.infer<typeof Packages>;
export type Package = z.infer<typeof PipPackage>;

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
