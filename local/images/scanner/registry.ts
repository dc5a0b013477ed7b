/** Reads images from a registry (OCI distribution, plain HTTP), checking every digest on the way. */
import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import * as z from '#core/zod.ts';

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/)),
  size: z.number().check(z.int(), z.nonnegative()),
  platform: z.optional(z.object({ architecture: z.string(), os: z.string() })),
  annotations: z.optional(z.record(z.string(), z.string())),
});
const index = z.object({ manifests: z.array(descriptor) });
const manifest = z.object({ config: descriptor, layers: z.array(descriptor) });
const config = z.object({ architecture: z.optional(z.string()), os: z.optional(z.string()) });

export type Descriptor = z.infer<typeof descriptor>;

export interface ImageReference {
  /** `http://host:port` */
  readonly registry: string;
  readonly repository: string;
  readonly digest: string;
}

export interface Image {
  readonly os: string;
  readonly architecture: string;
  /** From the lowest to the topmost. */
  readonly layers: readonly Descriptor[];
}

/** An image that exists, but that no scan can be made of. */
export class UnsupportedImage extends Error {}

const imageTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const metadataLimit = 8 * 1024 * 1024;

/** An index stands for its Linux image of this machine's architecture, or for the only Linux image that it has. */
export async function readImage(reference: ImageReference, architecture: string): Promise<Image> {
  const { type, body } = await readManifest(reference);
  if (indexTypes.includes(type)) {
    const chosen = choosePlatform(index.parse(JSON.parse(body)).manifests, architecture, reference);
    return readImage({ ...reference, digest: chosen.digest }, architecture);
  }
  if (!imageTypes.includes(type))
    throw new UnsupportedImage(`its media type ${type} is not that of an image`);
  const parsed = manifest.parse(JSON.parse(body));
  // An artifact (a signature, an SBOM) is a manifest too; only its configuration tells.
  if (
    !/^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json$/.test(
      parsed.config.mediaType,
    )
  ) {
    throw new UnsupportedImage(`it is an artifact of type ${parsed.config.mediaType}, not an image`);
  }
  const { os, architecture: built } = config.parse(JSON.parse(await readText(reference, parsed.config)));
  return { os: os ?? 'linux', architecture: built ?? 'unknown', layers: parsed.layers };
}

function choosePlatform(
  manifests: readonly Descriptor[],
  architecture: string,
  { digest }: ImageReference,
): Descriptor {
  const images = manifests.filter((each) => {
    const attestation = each.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';
    return !attestation && (each.platform === undefined || each.platform.os === 'linux');
  });
  const fitting = images.find((each) => each.platform?.architecture === architecture) ?? images[0];
  if (!fitting) throw new UnsupportedImage(`the index ${digest} holds no Linux image`);
  return fitting;
}

async function readManifest(reference: ImageReference): Promise<{ type: string; body: string }> {
  const url = `${reference.registry}/v2/${reference.repository}/manifests/${reference.digest}`;
  const response = await request(url, { accept: [...imageTypes, ...indexTypes].join(', ') });
  const body = await readAll(verified(response, reference.digest), url);
  const type = (response.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
  return { type, body };
}

async function readText(reference: ImageReference, blob: Descriptor): Promise<string> {
  return readAll(await openBlob(reference, blob.digest), blob.digest);
}

export async function openBlob(reference: ImageReference, digest: string): Promise<Readable> {
  const response = await request(`${reference.registry}/v2/${reference.repository}/blobs/${digest}`, {});
  return verified(response, digest);
}

async function request(url: string, headers: Record<string, string>): Promise<Response> {
  const response = await fetch(url, { headers });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${url} answered ${response.status} ${response.statusText}`);
  }
  return response;
}

/** Passes the body on and fails at its end if it is not what the digest names. */
function verified(response: Response, digest: string): Readable {
  if (!response.body) throw new Error(`${response.url} answered without a body`);
  const hash = createHash('sha256');
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const actual = `sha256:${hash.digest('hex')}`;
      done(actual === digest ? null : new Error(`${response.url} holds ${actual}, not ${digest}`));
    },
  });
  const body = Readable.fromWeb(response.body);
  body.on('error', (error) => check.destroy(error));
  check.on('close', () => body.destroy());
  return body.pipe(check);
}

async function readAll(stream: Readable, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > metadataLimit)
      throw new Error(`${what} is larger than ${metadataLimit} bytes: no manifest is`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
