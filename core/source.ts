/**
 * What an image is made from: a base of the catalog with packages and files, an image that stands in our registry, or a
 * Git repository with a Dockerfile of its own. The last two are taken as they are: what blocks there is mended there.
 */
import { Digest } from './names.ts';
import * as z from './zod.ts';

/** A repository below `image/`: what whoever runs GetSchwifty mirrored for teams, or lets them push to. By its digest. */
export const ImageReference = z
  .string()
  .check(
    z.maxLength(256),
    z.regex(
      /^image\/[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*@sha256:[0-9a-f]{64}$/,
      'an image of our registry by its digest: image/name@sha256:…',
    ),
  );

const urlSays = 'https://host/path, without user, port, query or ..';
/** Letters, digits and `. _ ~ -` (RFC 3986, unreserved), no segment that is empty or begins with a dot. */
const segments = String.raw`(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+`;
const host = String.raw`https:\/\/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+`;

/** What a Git repository's URL must begin with: all repositories of an organisation, or below a folder. */
export const GitPrefix = z
  .string()
  .check(
    z.maxLength(256),
    z.regex(
      new RegExp(`^${host}${segments}\\/$`),
      `${urlSays}, with / at its end: https://host/organisation/`,
    ),
  );

/** Whole, for a build's role may read this one and no other. It holds `{"username": …, "password": …}`. */
export const SecretArn = z
  .string()
  .check(
    z.maxLength(256),
    z.regex(
      /^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$/,
      'the whole ARN of a secret, with the six characters at its end',
    ),
  );

/** A team's way into private repositories: who may read below the prefix is in the secret. */
export const GitAccess = z.strictObject({
  prefix: GitPrefix,
  secret: SecretArn,
});
export type GitAccess = z.infer<typeof GitAccess>;

/** A path in the repository: no absolute one, no `..`, none that hides, nothing that Git or a shell takes for an option. */
const path = z
  .string()
  .check(
    z.maxLength(256),
    z.regex(
      /^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/,
      'a path in the repository, such as services/api',
    ),
  );

export const GitSource = z.strictObject({
  url: z.string().check(z.maxLength(512), z.regex(new RegExp(`^${host}${segments}$`), urlSays)),
  /** A branch or a tag would move: SHA-1 or SHA-256, whole. */
  commit: z
    .string()
    .check(z.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'a whole commit id: 40 or 64 hexadecimal digits')),
  /** What is built; without it the whole repository. */
  folder: z.optional(path),
  /** In that folder. */
  dockerfile: z._default(path, 'Dockerfile'),
});
export type GitSource = z.infer<typeof GitSource>;

/** `base` with packages and files, or another source, which has what it has. */
export interface Sourced {
  readonly base?: string | undefined;
  readonly image?: string | undefined;
  readonly git?: GitSource | undefined;
}

export type Source =
  | { readonly kind: 'base'; readonly base: string }
  | { readonly kind: 'image'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'git'; readonly git: GitSource };

/** @throws for what is no spec: its schema asks for one of the three. */
export function sourceOf({ base, image, git }: Sourced): Source {
  if (base !== undefined) return { kind: 'base', base };
  if (git !== undefined) return { kind: 'git', git };
  const [repository = '', digest] = image?.split('@') ?? [];
  return { kind: 'image', repository, digest: Digest.parse(digest) };
}

/** `https://host/organisation/repository at 1234567`: for people. */
export const gitSays = ({ url, commit, folder }: GitSource): string =>
  `${url} at ${commit.slice(0, 12)}${folder === undefined ? '' : `, folder ${folder}`}`;

/** Why it may not be built; undefined where it may. Hosts are compared as they are written: in lower case. */
export function whyNotFrom({ url }: GitSource, allowed: readonly string[]): string | undefined {
  if (allowed.some((prefix) => url.startsWith(prefix))) return undefined;
  const may =
    allowed.length === 0 ? 'nothing is built from Git here' : `it must begin with ${allowed.join(' or ')}`;
  return `${may}: catalog.git of the configuration says what may be built`;
}

/** The secret that a build of the repository is to read; of two prefixes the longer one's. */
export const secretFor = ({ url }: GitSource, accesses: readonly GitAccess[]): string | undefined =>
  [...accesses].sort((a, b) => b.prefix.length - a.prefix.length).find(({ prefix }) => url.startsWith(prefix))
    ?.secret;
