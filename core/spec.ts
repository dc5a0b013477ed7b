/** What a person asks for: what goes into an image, and what the cluster is told of it. */
import { sshPorts } from './access.ts';
import { Cidr } from './cidr.ts';
import { schemes } from './exposure.ts';
import { Packages } from './packages.ts';
import { GitSource, ImageReference } from './source.ts';
import { Ttl } from './ttl.ts';
import { isAlone, Volume } from './volume.ts';
import { WorkingHours } from './working-hours.ts';
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
  /** Its load balancer is in the cluster's own network alone, or on the internet. Absent: as the cluster's are. */
  scheme: z.optional(z.enum(schemes)),
  /** Who may ask its load balancer. Absent: whom its network lets through; where that is the internet, it must be said. */
  sourceRanges: z.optional(z.array(Cidr).check(z.minLength(1), z.maxLength(20))),
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

interface Making {
  readonly base?: string | undefined;
  readonly image?: string | undefined;
  readonly git?: object | undefined;
  readonly packages: Packages;
  readonly files: object;
  readonly command?: readonly string[] | undefined;
}

/** What a source does not go with: the field, and what to say of it. */
function amiss({ base, image, git, packages, files, command }: Making): { path: string; message: string }[] {
  const given = Object.entries({ base, image, git }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  const [source] = given;
  if (source === undefined)
    return [{ path: 'base', message: 'name a base of the catalog, or an image, or a git repository' }];
  const others = given
    .slice(1)
    .map((path) => ({ path, message: `${source} is given already: one of base, image, git` }));
  if (base !== undefined)
    return command === undefined
      ? [...others, { path: 'command', message: 'a base has no command of its own' }]
      : others;
  const withBase = 'only with a base: what it is made from has what it has';
  return [
    ...others,
    ...(Object.values(packages).some((each) => each.length > 0)
      ? [{ path: 'packages', message: withBase }]
      : []),
    ...(Object.keys(files).length > 0 ? [{ path: 'files', message: withBase }] : []),
    ...(git !== undefined && command !== undefined
      ? [{ path: 'command', message: 'the Dockerfile of the repository says it (CMD)' }]
      : []),
  ];
}

/** Where an application listens unless its spec says another port; its load balancer listens on 80. */
export const defaultPort = 9000;

const isOfSsh = (port: number): boolean => Object.values<number>(sshPorts).includes(port);

export const Spec = z
  .strictObject({
    /** A name of the catalog. It, an image or a Git repository is what the image is made from: one of the three. */
    base: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
    image: z.optional(ImageReference),
    git: z.optional(GitSource),
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
    /** A base has none of its own; an image may, and is then run by it; a Dockerfile says it itself. */
    command: z.optional(z.array(Word).check(z.minLength(1), z.maxLength(32))),
    /** Its application listens here, and is told so by $PORT. Pods run without root: nothing listens below. */
    port: z._default(z.int().check(z.minimum(1024), z.maximum(65_535)), defaultPort),
    resources: z.prefault(Resources, {}),
    replicas: z.prefault(Replicas, 1),
    access: z.prefault(Access, {}),
    /** Kept over stops, resizes and rollouts, at /workspace. */
    volume: z.optional(Volume),
    /** It is deleted then, after its people were told. */
    ttl: z.optional(Ttl),
    /** It is started when they begin, and stopped when they end. */
    workingHours: z.optional(WorkingHours),
    /** How long a rollout may take until its pods accept connections; then it is rolled back. */
    readyWithinSeconds: z._default(z.int().check(z.minimum(20), z.maximum(3600)), 600),
  })
  .check(
    z.superRefine((spec, context) => {
      for (const { path, message } of amiss(spec))
        context.addIssue({ code: 'custom', path: [path], message });
      if (spec.access.ssh && isOfSsh(spec.port)) {
        const message = `SSH has ${Object.values(sshPorts).join(', ')} in its pods: take another port`;
        context.addIssue({ code: 'custom', path: ['port'], message });
      }
      if (!isAlone(spec) || spec.replicas.max === 1) return;
      const message =
        'a ReadWriteOnce volume has one pod at a time: ask for 1 replica, or for a ReadWriteMany volume';
      context.addIssue({ code: 'custom', path: ['replicas'], message });
    }),
  );
export type Spec = z.infer<typeof Spec>;

/** What is built into its image; a change of anything else leaves the image as it is. */
export const imagePartOf = ({ base, image, git, packages, files, command }: Spec) => ({
  base,
  image,
  git,
  packages,
  files,
  command,
});
/** What the cluster alone is told. */
export const runPartOf = ({ port, resources, replicas, access, volume, readyWithinSeconds }: Spec) => ({
  port,
  resources,
  replicas,
  access,
  volume,
  readyWithinSeconds,
});

/** What of it is a matter of time alone: nothing is built or applied for it. */
export const timePartOf = ({ ttl, workingHours }: Spec) => ({ ttl, workingHours });
