/**
 * A small OCI registry on this machine (distribution specification 1.1), with what tests want of it: mounts that are
 * refused, immutable tags, downloads that are redirected, uploads sent elsewhere, content that is not what it says.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Digest } from '#core/names.ts';
import { listening } from './servers.ts';

interface Repository {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, Buffer>;
  readonly tags: Map<string, string>;
}
interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

const sha256 = (bytes: Buffer | string): Digest =>
  Digest.parse(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
export const authorization = 'Basic QVdTOnBhc3N3b3Jk';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

export class OciRegistry {
  readonly #repositories = new Map<string, Repository>();
  readonly #uploads = new Map<string, Buffer>();
  /** `METHOD path` of each request, without its query. */
  readonly asked: string[] = [];
  origin = '';
  /** Answers in the registry's place where it answers at all. */
  instead: (method: string, path: string) => Reply | undefined = () => undefined;
  mounts = true;
  /** ECR says 201 to a PATCH, the specification 202. */
  patched = 202;
  uploadsAt = () => this.origin;
  /** Where blobs are downloaded from, as ECR sends to S3. */
  redirectsTo: string | undefined;

  async start() {
    const server = createServer((request, response) => void this.#serve(request, response));
    const { port, close } = await listening(server);
    this.origin = `http://127.0.0.1:${port}`;
    return close;
  }

  repository(name: string): Repository {
    const known = this.#repositories.get(name);
    if (known) return known;
    const repository = { blobs: new Map(), manifests: new Map(), tags: new Map() };
    this.#repositories.set(name, repository);
    return repository;
  }

  addBlob(name: string, content: string): { digest: Digest; size: number } {
    const bytes = Buffer.from(content);
    this.repository(name).blobs.set(sha256(bytes), bytes);
    return { digest: sha256(bytes), size: bytes.length };
  }

  addManifest(name: string, manifest: object, tag?: string): Digest {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const digest = sha256(bytes);
    this.repository(name).manifests.set(digest, bytes);
    if (tag !== undefined) this.repository(name).tags.set(tag, digest);
    return digest;
  }

  addImage(name: string, content: string, tag?: string): Digest {
    const config = this.addBlob(name, `{"config":"${content}"}`);
    const layers = [this.addBlob(name, `${content} layer one`), this.addBlob(name, `${content} layer two`)];
    return this.addManifest(name, { schemaVersion: 2, mediaType: manifestType, config, layers }, tag);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.origin);
    const method = request.method ?? '';
    this.asked.push(`${method} ${url.pathname}`);
    const body = await buffer(request);
    const isKnown = request.headers.authorization === authorization;
    const unknown: Reply | undefined = isKnown ? undefined : { status: 401 };
    const reply = unknown ?? this.instead(method, url.pathname) ?? this.#reply(method, url, body);
    response.writeHead(reply.status, reply.headers).end(method === 'HEAD' ? undefined : reply.body);
  }

  #reply(method: string, url: URL, body: Buffer): Reply {
    const [, name = '', what = '', id = ''] =
      /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs)\/([^/]*)$/.exec(url.pathname) ?? [];
    const repository = this.repository(name);
    if (what === 'manifests' && method === 'PUT') return putManifest(repository, id, body);
    if (what === 'manifests') return manifest(repository, id);
    if (what === 'blobs') return this.#blob(repository, id, method);
    if (what === 'blobs/uploads') return this.#upload(name, method, url, body);
    return { status: 404 };
  }

  #blob({ blobs }: Repository, digest: string, method: string): Reply {
    const blob = blobs.get(digest);
    if (!blob) return { status: 404 };
    const there = method === 'GET' && this.redirectsTo !== undefined;
    if (there) return { status: 307, headers: { location: `${this.redirectsTo}/${digest}` } };
    return { status: 200, headers: { 'content-length': String(blob.length) }, body: blob };
  }

  #upload(name: string, method: string, url: URL, body: Buffer): Reply {
    const { blobs } = this.repository(name);
    const { mount, from, digest } = Object.fromEntries(url.searchParams);
    const mounted = this.mounts && mount && from ? this.repository(from).blobs.get(mount) : undefined;
    if (method === 'POST' && mount && mounted) {
      blobs.set(mount, mounted);
      return { status: 201 };
    }
    const headers = {
      location: `${this.uploadsAt()}/v2/${name}/blobs/uploads/u-${name.replaceAll('/', '-')}`,
    };
    if (method === 'POST') return { status: 202, headers };
    if (method === 'PATCH') {
      this.#uploads.set(name, body);
      return { status: this.patched, headers };
    }
    const uploaded = this.#uploads.get(name) ?? body;
    if (sha256(uploaded) !== digest) return { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
    blobs.set(digest, uploaded);
    return { status: 201 };
  }
}

function manifest({ manifests, tags }: Repository, reference: string): Reply {
  const digest = tags.get(reference) ?? reference;
  const body = manifests.get(digest);
  const headers = { 'docker-content-digest': digest, 'content-type': manifestType };
  return body ? { status: 200, headers, body } : { status: 404 };
}

/** As ECR: tags are immutable, and what a manifest refers to must be there. */
function putManifest({ blobs, manifests, tags }: Repository, reference: string, body: Buffer): Reply {
  const digest = sha256(body);
  const refersTo = [...body.toString().matchAll(/sha256:[0-9a-f]{64}/g)].map(([text]) => text);
  if (!refersTo.every((one) => blobs.has(one) || manifests.has(one)))
    return { status: 400, body: 'BLOB_UNKNOWN' };
  if (tags.has(reference)) return { status: 400, body: 'TAG_INVALID: the tag is immutable' };
  manifests.set(digest, body);
  if (!reference.startsWith('sha256:')) tags.set(reference, digest);
  return { status: 201, headers: { 'docker-content-digest': digest } };
}
