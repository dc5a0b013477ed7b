/**
 * Something that refers to an image: a manifest of one blob, with the image as its subject. What is there already is left alone.
 * Source: OCI image specification 1.1, "Guidelines for Artifact Usage"; distribution specification 1.1, "Pushing Manifests with
 * Subject". Where a registry does not keep such lists itself, nothing is written in its place: ECR does.
 */
import { createHash } from 'node:crypto';
import { Rejected } from '#core/errors.ts';
import { type Descriptor, pullManifest, pushManifest } from './manifest.ts';
import { isOk, type Registry, refused } from './registry.ts';
import { discard } from './transport.ts';
import { isThere, Upload } from './upload.ts';

export interface Attachment {
  /** Of the artifact, and of its one blob. */
  readonly type: string;
  readonly file: string;
  readonly bytes: Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const emptyType = 'application/vnd.oci.empty.v1+json';
const empty = Buffer.from('{}');

export const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** @returns the digest of what refers to it. */
export async function attach(
  registry: Registry,
  { repository, digest: image }: { readonly repository: string; readonly digest: string },
  { type, file, bytes, annotations = {} }: Attachment,
  signal: AbortSignal,
): Promise<string> {
  const subject = await pullManifest(registry, repository, image, signal);
  if (!subject)
    throw new Rejected(`${repository}@${image} is not in the registry: there is nothing to attach to.`);
  const config = await pushBlob(registry, repository, empty, signal);
  const layer = await pushBlob(registry, repository, bytes, signal);
  const content = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: type,
      config: { mediaType: emptyType, ...config },
      layers: [{ mediaType: type, ...layer, annotations: { 'org.opencontainers.image.title': file } }],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length },
      annotations,
    }),
  );
  const manifest = {
    digest: digestOf(content),
    bytes: content,
    mediaType: manifestType,
    children: [],
    blobs: [],
  };
  await pushManifest(registry, repository, manifest.digest, manifest, signal);
  return manifest.digest;
}

async function pushBlob(
  registry: Registry,
  repository: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<Descriptor> {
  const blob = { digest: digestOf(bytes), size: bytes.length };
  if (await isThere(registry, repository, blob.digest, signal)) return blob;
  const begun = await registry.call('POST', `/v2/${repository}/blobs/uploads/`, signal);
  if (!isOk(begun)) throw await refused(begun, `no upload of ${blob.digest} to ${repository} can be begun`);
  discard(begun);
  const location = await registry.own(begun.headers.location ?? '', 'an upload');
  await new Upload(registry, repository, blob, location, signal).write(piece(bytes));
  return blob;
}

async function* piece(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
