/**
 * Promotion: a digest and all that it refers to, copied inside one registry by the OCI distribution protocol. Blobs are
 * mounted where the registry can, streamed where it can't. The registry's address comes from GetAuthorizationToken only.
 * Source: OCI distribution specification 1.1, "Pulling manifests", "Mounting a blob", "Pushing a blob in chunks".
 */
import { createHash } from 'node:crypto';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import * as z from 'zod';
import { parseJson, Rejected, Retryable } from '#core/errors.ts';
import type { Digest } from '#core/names.ts';
import type { ImagePromoter } from '#core/ports.ts';

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

const Descriptor = z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), size: z.int() });
const Manifest = z.object({
  config: Descriptor.optional(),
  layers: z.array(Descriptor).optional(),
  manifests: z.array(Descriptor).optional(),
});

interface Registry {
  readonly origin: string;
  readonly authorization: string;
}

export class EcrPromoter implements ImagePromoter {
  readonly #client: ECRClient;

  constructor(client: ECRClient = new ECRClient({})) {
    this.#client = client;
  }

  async copy(from: string, to: string, digest: Digest, tag: string): Promise<void> {
    const answer = await this.#client.send(new GetAuthorizationTokenCommand({}));
    const grant = answer.authorizationData?.[0];
    if (!grant?.proxyEndpoint || !grant.authorizationToken)
      throw new Retryable('ECR gave no authorization token.');
    const registry = {
      origin: new URL(grant.proxyEndpoint).origin,
      authorization: `Basic ${grant.authorizationToken}`,
    };
    await copyManifest(registry, from, to, digest, tag);
  }
}

/** Children first: a registry takes a manifest only when it has what the manifest refers to. */
async function copyManifest(registry: Registry, from: string, to: string, digest: string, reference: string) {
  const { bytes, mediaType } = await pullManifest(registry, from, digest);
  const manifest = parseJson(Manifest, bytes.toString('utf8'), `manifest ${digest} of ${from}`);
  for (const child of manifest.manifests ?? [])
    await copyManifest(registry, from, to, child.digest, child.digest);
  for (const blob of [...(manifest.config ? [manifest.config] : []), ...(manifest.layers ?? [])]) {
    await copyBlob(registry, from, to, blob.digest);
  }
  const headers = { 'content-type': mediaType };
  const put = await call(registry, 'PUT', `/v2/${to}/manifests/${reference}`, {
    headers,
    body: new Uint8Array(bytes),
  });
  if (put.status === 201 || (await isThere(registry, to, reference, digest))) return;
  throw await refused(put, `the manifest ${reference} of ${to} was not taken`);
}

/** An immutable tag that is there with the same digest is what we wanted. */
async function isThere(registry: Registry, to: string, reference: string, digest: string): Promise<boolean> {
  const head = await call(registry, 'HEAD', `/v2/${to}/manifests/${reference}`, {
    headers: { accept: manifestTypes },
  });
  return head.ok && head.headers.get('docker-content-digest') === digest;
}

async function pullManifest(registry: Registry, from: string, digest: string) {
  const answer = await call(registry, 'GET', `/v2/${from}/manifests/${digest}`, {
    headers: { accept: manifestTypes },
  });
  if (answer.status === 404)
    throw new Rejected(`${from}@${digest} is no longer in the registry: push it again.`);
  if (!answer.ok) throw await refused(answer, `${from}@${digest} can not be read`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (found !== digest)
    throw new Retryable(`${from}@${digest}: the registry sent a manifest whose digest is ${found}.`);
  return {
    bytes,
    mediaType: answer.headers.get('content-type') ?? 'application/vnd.oci.image.manifest.v1+json',
  };
}

async function copyBlob(registry: Registry, from: string, to: string, digest: string): Promise<void> {
  const head = await call(registry, 'HEAD', `/v2/${to}/blobs/${digest}`);
  if (head.ok) return;
  const query = new URLSearchParams({ mount: digest, from });
  const mount = await call(registry, 'POST', `/v2/${to}/blobs/uploads/?${query}`);
  if (mount.status === 201) return;
  if (mount.status !== 202) throw await refused(mount, `no upload of ${digest} to ${to} can be begun`);
  const blob = await call(registry, 'GET', `/v2/${from}/blobs/${digest}`);
  if (!blob.ok || !blob.body) throw await refused(blob, `the blob ${digest} of ${from} can not be read`);
  const length = blob.headers.get('content-length');
  const headers = {
    'content-type': 'application/octet-stream',
    ...(length ? { 'content-length': length } : {}),
  };
  const patched = await call(registry, 'PATCH', locationOf(mount, registry), { headers, body: blob.body });
  // The specification says 202; ECR says 201.
  if (!patched.ok) throw await refused(patched, `the blob ${digest} was not taken by ${to}`);
  const end = new URL(locationOf(patched, registry), registry.origin);
  end.searchParams.set('digest', digest);
  const put = await call(registry, 'PUT', `${end.pathname}${end.search}`);
  if (put.status !== 201) throw await refused(put, `the blob ${digest} was not taken by ${to}`);
}

/** A registry that sends us elsewhere with our credentials is not followed. */
function locationOf(answer: Response, registry: Registry): string {
  const location = new URL(answer.headers.get('location') ?? '', registry.origin);
  if (location.origin !== registry.origin)
    throw new Rejected(`The registry sent an upload to ${location.origin}.`);
  return `${location.pathname}${location.search}`;
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT';
interface Content {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** A blob's download is redirected to S3 with a signed URL: `fetch` follows, and leaves our header behind. */
async function call(registry: Registry, method: Method, path: string, { headers, body }: Content = {}) {
  const init = { method, headers: { ...headers, authorization: registry.authorization } };
  try {
    return await fetch(
      `${registry.origin}${path}`,
      body === undefined ? init : { ...init, body, duplex: 'half' },
    );
  } catch (error) {
    throw new Retryable(`The registry did not answer ${method} ${path}: ${String(error)}`);
  }
}

const Errors = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().optional() })).min(1),
});

/** 401 and 403 are for the people who run this to mend, and speak not against the image: it is tried again. */
const passing = (status: number): boolean => [401, 403, 408, 429].includes(status) || status >= 500;

async function refused(answer: Response, what: string): Promise<Error> {
  const reason = `${what}: ${answer.status} ${saidBy(await answer.text())}`;
  return passing(answer.status) ? new Retryable(reason) : new Rejected(reason);
}

/** The registry's own words, where it speaks as the specification has it ("Error Codes"). */
function saidBy(text: string): string {
  try {
    return Errors.parse(JSON.parse(text))
      .errors.map(({ code, message }) => `${code}: ${message ?? ''}`)
      .join('; ');
  } catch {
    return text.slice(0, 300);
  }
}
