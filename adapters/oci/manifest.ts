/**
 * Manifests: read, held to their digest, and asked what they refer to. A manifest that refers to something in a way
 * that is not known here is not copied at all: half an image is worse than none.
 * Source: OCI image specification 1.1, "Image Manifest" and "Image Index"; Docker, "Image Manifest V 2, Schema 2".
 */
import { createHash } from 'node:crypto';
import { parseJson, Rejected, Retryable } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { imageTypes, indexTypes } from './media-types.ts';
import { isOk, type Registry, refused, statusOf } from './registry.ts';
import { bodyOf, discard, TooLarge } from './transport.ts';

const accept = [...imageTypes, ...indexTypes].join(', ');

/** The specification's own: a registry takes manifests of at least 4 MiB, and clients need not expect more. */
export const manifestBytes = 4 * 1024 * 1024;

const Sha256 = z
  .string()
  .check(z.regex(/^sha256:[0-9a-f]{64}$/, 'a digest: sha256: and 64 hexadecimal digits'));
const Descriptor = z.object({
  mediaType: z.optional(z.string()),
  digest: Sha256,
  size: z.int().check(z.nonnegative()),
  urls: z.optional(z.array(z.string())),
});
export type Descriptor = z.infer<typeof Descriptor>;

const Manifest = z.object({
  mediaType: z.optional(z.string()),
  config: z.optional(Descriptor),
  layers: z.optional(z.array(Descriptor)),
  manifests: z.optional(z.array(Descriptor)),
});
export const Index = z.object({ manifests: z.array(Descriptor) });

export interface Pulled {
  readonly digest: string;
  readonly bytes: Buffer;
  readonly mediaType: string;
  /** Of an index. */
  readonly children: readonly Descriptor[];
  readonly blobs: readonly Descriptor[];
}

/** @param reference a digest, or a tag of ours. @returns undefined where the registry has no such manifest. */
export async function pullManifest(
  registry: Registry,
  repository: string,
  reference: string,
  signal: AbortSignal,
): Promise<Pulled | undefined> {
  const where = `${repository}${reference.startsWith('sha256:') ? '@' : ':'}${reference}`;
  const answer = await registry.call('GET', `/v2/${repository}/manifests/${reference}`, signal, {
    headers: { accept },
  });
  if (statusOf(answer) === 404) {
    discard(answer);
    return undefined;
  }
  if (!isOk(answer)) throw await refused(answer, `${where} can not be read`);
  const mediaType = (answer.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const bytes = await bodyOf(answer, manifestBytes).catch((error: unknown) => {
    throw error instanceof TooLarge
      ? new Rejected(`The manifest ${where} is no manifest: ${error.message}.`)
      : error;
  });
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (reference.startsWith('sha256:') && digest !== reference)
    throw new Retryable(`${where}: the registry sent a manifest whose digest is ${digest}.`);
  return { digest, bytes, ...read(bytes, mediaType, where) };
}

/** Index and manifest at once is how one content passes for two things (CVE-2021-41190). */
function read(bytes: Buffer, mediaType: string, where: string) {
  const manifest = parseJson(Manifest, bytes.toString('utf8'), `manifest ${where}`);
  if (manifest.mediaType !== undefined && manifest.mediaType !== mediaType)
    throw new Rejected(
      `${where} is sent as ${mediaType} and says that it is ${manifest.mediaType}: push it again.`,
    );
  const { config, layers, manifests } = manifest;
  if (indexTypes.includes(mediaType) && manifests && !config && !layers)
    return { mediaType, children: manifests, blobs: [] };
  if (imageTypes.includes(mediaType) && config && layers && !manifests) {
    const blobs = [config, ...layers];
    const foreign = blobs.find(isForeign);
    if (foreign)
      throw new Rejected(
        `${where} has a layer that is kept elsewhere (${foreign.digest}, ${foreign.mediaType}): build it with all its layers.`,
      );
    return { mediaType, children: [], blobs };
  }
  throw new Rejected(
    `${where} is of type ${mediaType || 'none'} and can not be copied whole: push an image or an index of images (OCI or Docker schema 2).`,
  );
}

/** Its bytes need not be in the registry. */
const isForeign = ({ mediaType, urls }: Descriptor): boolean =>
  (urls?.length ?? 0) > 0 || /nondistributable|\.foreign\./.test(mediaType ?? '');

/** By digest it is only stored; a tag is what makes it found. An immutable tag that names it already is as good. */
export async function pushManifest(
  registry: Registry,
  repository: string,
  reference: string,
  { digest, bytes, mediaType }: Pulled,
  signal: AbortSignal,
): Promise<void> {
  const path = `/v2/${repository}/manifests/${reference}`;
  const put = await registry.call('PUT', path, signal, {
    headers: { 'content-type': mediaType },
    body: bytes,
  });
  if (isOk(put)) return discard(put);
  const refusal = await refused(put, `the manifest ${reference} of ${repository} was not taken`);
  const head = await registry.call('HEAD', path, signal, { headers: { accept } });
  discard(head);
  if (!isOk(head) || head.headers['docker-content-digest'] !== digest) throw refusal;
}
