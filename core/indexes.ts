/**
 * Where pip and npm look, and which names are an organization's own. A private name is never looked for at a public index:
 * whoever takes it there first would be installed (dependency confusion). So an index that is configured takes the place of
 * the public one, whole, and beside none that is configured a private name is refused.
 */
import { canonical, type PackageManager, type Packages } from './packages.ts';
import { SecretArn } from './source.ts';
import * as z from './zod.ts';

/** It stands in a Dockerfile, in quotes: no user, no query, and nothing that a shell or a parser would read. */
const IndexUrl = z
  .string()
  .check(
    z.maxLength(256),
    z.regex(
      /^https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~-]+)*\/?$/,
      'an address that begins with https:// and has no user, no query and no fragment',
    ),
  );

/** Whole: it says the region, the domain's owner and the domain too. The user guide lists its regions: all are of one partition. */
const RepositoryArn = z
  .string()
  .check(
    z.maxLength(256),
    z.regex(
      /^arn:aws:codeartifact:[a-z]{2}(?:-[a-z]+)+-[0-9]:[0-9]{12}:repository\/[a-z][a-z0-9-]{0,48}[a-z0-9]\/[A-Za-z0-9][A-Za-z0-9._-]{1,99}$/,
      'the ARN of a repository of CodeArtifact: arn:aws:codeartifact:region:account:repository/domain/name',
    ),
  );

const index = (grammar: RegExp, says: string) =>
  z
    .strictObject({
      /** All of this manager is installed from here. Without it, from where the base's own settings say: the public one. */
      url: z.optional(IndexUrl),
      /** Who may read there: the proxy of a build says it, and nothing that is built sees it. */
      secret: z.optional(SecretArn),
      /** In the place of both: the proxy of a build gets its tokens itself. */
      codeArtifact: z.optional(RepositoryArn),
      /** It says when each release was uploaded (PEP 700; npm's `time`). One that does not can't be asked for older ones. */
      tellsAge: z._default(z.boolean(), true),
      private: z._default(z.array(z.string().check(z.maxLength(64), z.regex(grammar, says))), []),
    })
    .check(
      z.refine(({ url, secret }) => secret === undefined || url !== undefined, {
        path: ['url'],
        error: 'the address of the index that the secret is for',
      }),
      z.refine(({ url, codeArtifact }) => url === undefined || codeArtifact === undefined, {
        path: ['codeArtifact'],
        error: 'this says where the index is, and url says it too: leave one of them out',
      }),
    );

export const Indexes = z.strictObject({
  pip: z.prefault(index(/^[a-z0-9]+(?:-[a-z0-9]+)*-$/, 'how private names begin, such as acme-'), {}),
  npm: z.prefault(index(/^@[a-z0-9~][a-z0-9._~-]*$/, 'a scope, such as @acme'), {}),
});
export type Indexes = z.infer<typeof Indexes>;

const managers = ['pip', 'npm'] as const satisfies readonly PackageManager[];
type Indexed = (typeof managers)[number];

export const isIndexed = (manager: PackageManager): manager is Indexed =>
  managers.some((each) => each === manager);

/** How an index that wants a credential is called in a build: the build's proxy knows it by this name (egress/index-way.ts). */
const aliasOf = (manager: Indexed): string => `${manager}-index.internal`;

/** What the proxy says to an index, and where it has that from (egress/credential.ts). */
export const IndexCredential = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('secret'), secret: SecretArn }),
  z.object({
    kind: z.literal('codeArtifact'),
    region: z.string(),
    owner: z.string(),
    domain: z.string(),
    repository: z.string(),
  }),
]);
export type IndexCredential = z.infer<typeof IndexCredential>;
export type Repository = Extract<IndexCredential, { kind: 'codeArtifact' }>;

/** Where all of a manager is installed from, and who may read there; undefined for the public one. */
export function indexFor(
  manager: Indexed,
  { [manager]: { url, secret, codeArtifact } }: Indexes,
): { readonly url: string; readonly credential?: IndexCredential } | undefined {
  if (codeArtifact !== undefined) {
    const credential = repositoryOf(codeArtifact);
    return { url: endpointOf(manager, credential), credential };
  }
  if (url === undefined) return undefined;
  return secret === undefined ? { url } : { url, credential: { kind: 'secret', secret } };
}

function repositoryOf(arn: string): Repository {
  const [, , , region = '', owner = '', resource = ''] = arn.split(':');
  const [, domain = '', repository = ''] = resource.split('/');
  return { kind: 'codeArtifact', region, owner, domain, repository };
}

/** As GetRepositoryEndpoint tells it of npm, and pip's with what `aws codeartifact login` adds. */
function endpointOf(manager: Indexed, { domain, owner, region, repository }: Repository): string {
  const path = { pip: `pypi/${repository}/simple`, npm: `npm/${repository}` }[manager];
  return `https://${domain}-${owner}.d.codeartifact.${region}.amazonaws.com/${path}/`;
}

/** Where the manager looks, as a Dockerfile says it; undefined for the public one. */
export function addressOf(manager: Indexed, indexes: Indexes): string | undefined {
  const source = indexFor(manager, indexes);
  if (source?.credential === undefined) return source?.url;
  return `http://${aliasOf(manager)}${new URL(source.url).pathname}`;
}

/** An index that the proxy asks in a build's place. */
export const IndexWay = z.object({
  alias: z.string(),
  /** `https://host:port` */
  origin: z.string(),
  credential: IndexCredential,
  /** Where it leads who downloads a file, as egress.ts reads hosts: the proxy goes there itself, without the credential. */
  files: z.array(z.string()),
});
export type IndexWay = z.infer<typeof IndexWay>;

export const indexWays = (indexes: Indexes): IndexWay[] =>
  managers.flatMap((manager) => {
    const source = indexFor(manager, indexes);
    if (source?.credential === undefined) return [];
    const { url, credential } = source;
    return [{ alias: aliasOf(manager), origin: new URL(url).origin, credential, files: filesOf(credential) }];
  });

/**
 * CodeArtifact keeps what npm downloads in a bucket of its own in its region, and leads there by an address that ends soon (user guide,
 * "Create the Amazon S3 gateway endpoint").
 */
const filesOf = (credential: IndexCredential): string[] =>
  credential.kind === 'codeArtifact' ? [`*.s3.${credential.region}.amazonaws.com`, '*.s3.amazonaws.com'] : [];

/** What would be looked for at a public index and must not be: the field, and what to say of it. */
export function unresolvable(
  packages: Packages,
  indexes: Indexes,
): { readonly path: string; readonly message: string }[] {
  return managers
    .filter((manager) => indexFor(manager, indexes) === undefined)
    .flatMap((manager) =>
      packages[manager].flatMap(({ name }, i) => {
        const own = indexes[manager].private.find((prefix) => isPrivate(manager, name, prefix));
        if (own === undefined) return [];
        const message = `${name} is a private name (${own}), and no index of ${manager} is configured that could have it`;
        return [{ path: `spec.packages.${manager}.${i}`, message }];
      }),
    );
}

/** A scope is whole: `@acme` is not that of `@acme-tools/x`. */
const isPrivate = (manager: Indexed, name: string, prefix: string): boolean =>
  canonical(manager, name).startsWith(manager === 'npm' ? `${prefix}/` : prefix);
