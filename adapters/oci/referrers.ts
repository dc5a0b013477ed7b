/**
 * What refers to a manifest: its signatures, SBOMs, provenance. Asked of the registry, page by page; of one that does
 * not know the question, read from the tag that stands in for the answer.
 * Source: OCI distribution specification 1.1, "Listing Referrers" and "Unavailable Referrers API". ECR answers it
 * (Amazon ECR API reference, ListImageReferrers: allowed by ecr:BatchGetImage).
 */
import type { IncomingMessage } from 'node:http';
import { parseJson, Rejected } from '#core/errors.ts';
import { type Descriptor, Index, manifestBytes, type Pulled, pullManifest } from './manifest.ts';
import { isOk, type Registry, refused, statusOf } from './registry.ts';
import { bodyOf, discard } from './transport.ts';

/** A registry that pages on without end is not followed. */
const pages = 100;

export interface Referrers {
  readonly descriptors: readonly Descriptor[];
  /** The manifest that stands in for the answer, and has to be copied for the same to be found again. */
  readonly standIn?: Pulled;
}

export const referrersTag = (digest: string): string => digest.replace(':', '-');

export async function referrersOf(
  registry: Registry,
  repository: string,
  digest: string,
  signal: AbortSignal,
): Promise<Referrers> {
  const descriptors: Descriptor[] = [];
  let path: string | undefined = `/v2/${repository}/referrers/${digest}`;
  for (let page = 0; path !== undefined; page += 1) {
    if (page >= pages) throw new Rejected(`${repository}@${digest} has more referrers than can be copied.`);
    const answer = await registry.call('GET', path, signal);
    // Without the API a registry says 404, or that the path is none of its own.
    if (page === 0 && [404, 405].includes(statusOf(answer))) {
      discard(answer);
      return standingIn(registry, repository, digest, signal);
    }
    if (!isOk(answer)) throw await refused(answer, `what refers to ${repository}@${digest} can not be read`);
    const text = (await bodyOf(answer, manifestBytes)).toString('utf8');
    descriptors.push(...parseJson(Index, text, `referrers of ${repository}@${digest}`).manifests);
    path = await nextOf(registry, answer, path);
  }
  return { descriptors };
}

async function standingIn(registry: Registry, repository: string, digest: string, signal: AbortSignal) {
  const standIn = await pullManifest(registry, repository, referrersTag(digest), signal);
  return standIn ? { descriptors: standIn.children, standIn } : { descriptors: [] };
}

/** RFC 8288; its address may be relative to the page's. */
async function nextOf(
  registry: Registry,
  { headers }: IncomingMessage,
  path: string,
): Promise<string | undefined> {
  const link = [headers['link'] ?? []].flat().join(', ');
  const target = /<([^>]+)>\s*;[^,]*\brel="?next"?/i.exec(link)?.[1];
  if (target === undefined) return undefined;
  const base = new URL(path, 'http://registry.invalid');
  const resolved = new URL(target, base);
  return registry.own(
    resolved.origin === base.origin ? `${resolved.pathname}${resolved.search}` : resolved.href,
    'a list of referrers',
  );
}
