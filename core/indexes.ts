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

const index = (grammar: RegExp, says: string) =>
  z
    .strictObject({
      /** All of this manager is installed from here. Without it, from where the base's own settings say: the public one. */
      url: z.optional(IndexUrl),
      /** Who may read there: the proxy of a build says it, and nothing that is built sees it. */
      secret: z.optional(SecretArn),
      /** It says when each release was uploaded (PEP 700; npm's `time`). One that does not can't be asked for older ones. */
      tellsAge: z._default(z.boolean(), true),
      private: z._default(z.array(z.string().check(z.maxLength(64), z.regex(grammar, says))), []),
    })
    .check(
      z.refine(({ url, secret }) => secret === undefined || url !== undefined, {
        path: ['url'],
        error: 'the address of the index that the secret is for',
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

/** Where the manager looks, as a Dockerfile says it; undefined for the public one. */
export function addressOf(manager: Indexed, { [manager]: { url, secret } }: Indexes): string | undefined {
  if (url === undefined || secret === undefined) return url;
  return `http://${aliasOf(manager)}${new URL(url).pathname}`;
}

/** An index that the proxy asks in a build's place. */
export const IndexWay = z.object({
  alias: z.string(),
  /** `https://host:port` */
  origin: z.string(),
  secret: SecretArn,
});
export type IndexWay = z.infer<typeof IndexWay>;

export const indexWays = (indexes: Indexes): IndexWay[] =>
  managers.flatMap((manager) => {
    const { url, secret } = indexes[manager];
    if (url === undefined || secret === undefined) return [];
    return [{ alias: aliasOf(manager), origin: new URL(url).origin, secret }];
  });

/** What would be looked for at a public index and must not be: the field, and what to say of it. */
export function unresolvable(
  packages: Packages,
  indexes: Indexes,
): { readonly path: string; readonly message: string }[] {
  return managers
    .filter((manager) => indexes[manager].url === undefined)
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
