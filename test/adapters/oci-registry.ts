/**
 * A small OCI registry on this machine (distribution specification 1.1), with what tests want of it: mounts that are
 * refused, immutable tags, downloads that are redirected or cut, uploads sent elsewhere, lost or cut, credentials that
 * end, content that is not what it says.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Digest } from '#core/names.ts';
import { OciUploads } from './oci-uploads.ts';
import { type Asked, type Reply, type Repository, sha256 } from './oci-words.ts';
import { listening } from './servers.ts';

export interface Descriptor {
  readonly mediaType?: string;
  readonly digest: Digest;
  readonly size: number;
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const indexType = 'application/vnd.oci.image.index.v1+json';

export class OciRegistry {
  readonly #repositories = new Map<string, Repository>();
  readonly uploads = new OciUploads(this);
  /** `METHOD path` of each request, without its query. */
  readonly asked: string[] = [];
  origin = '';
  authorization = 'Basic QVdTOnBhc3N3b3Jk';
  /** Answers in the registry's place where it answers at all. */
  instead: (method: string, path: string) => Reply | undefined = () => undefined;
  /** `METHOD path` of what is never answered. */
  silent: (line: string) => boolean = () => false;
  mounts = true;
  /** Where blobs are downloaded from, as ECR sends to S3. */
  redirectsTo: string | undefined;
  /** Bytes after which a download is cut, one for each of the next downloads. */
  readonly cutDownloads: number[] = [];
  ranges = true;
  referrersApi = true;
  referrersPage = 100;

  async start() {
    const server = createServer((request, response) => void this.#serve(request, response));
    const { port, close } = await listening(server);
    this.origin = `http://127.0.0.1:${port}`;
    return close;
  }

  repository(name: string): Repository {
    const known = this.#repositories.get(name);
    if (known) return known;
    const repository: Repository = { blobs: new Map(), manifests: new Map(), tags: new Map() };
    this.#repositories.set(name, repository);
    return repository;
  }

  addBlob(name: string, content: string | Buffer): Descriptor {
    const bytes = Buffer.from(content);
    this.repository(name).blobs.set(sha256(bytes), bytes);
    return { digest: sha256(bytes), size: bytes.length };
  }

  addManifest(name: string, manifest: object, tag?: string, mediaType = manifestType): Descriptor {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const digest = sha256(bytes);
    this.repository(name).manifests.set(digest, { bytes, mediaType });
    if (tag !== undefined) this.repository(name).tags.set(tag, digest);
    return { mediaType, digest, size: bytes.length };
  }

  addImage(name: string, content: string, tag?: string, more: object = {}): Descriptor {
    const config = this.addBlob(name, `{"config":"${content}"}`);
    const layers = [this.addBlob(name, `${content} layer one`), this.addBlob(name, `${content} layer two`)];
    return this.addManifest(
      name,
      { schemaVersion: 2, mediaType: manifestType, config, layers, ...more },
      tag,
    );
  }

  addIndex(name: string, manifests: readonly Descriptor[], tag?: string): Descriptor {
    return this.addManifest(name, { schemaVersion: 2, mediaType: indexType, manifests }, tag, indexType);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', this.origin);
    const { method = '', headers } = request;
    this.asked.push(`${method} ${url.pathname}`);
    // A client that goes away in the midst of its request gets no answer.
    const body = await buffer(request).catch(() => undefined);
    if (body === undefined || this.silent(`${method} ${url.pathname}`)) return;
    const unknown: Reply | undefined =
      headers.authorization === this.authorization ? undefined : { status: 401 };
    const reply =
      unknown ?? this.instead(method, url.pathname) ?? this.#reply({ method, url, headers, body });
    send(response, method, reply);
  }

  #reply(asked: Asked): Reply {
    const { method, url, headers, body } = asked;
    const [, name = '', what = '', id = ''] =
      /^\/v2\/(.+)\/(manifests|referrers|blobs\/uploads|blobs)\/([^/]*)$/.exec(url.pathname) ?? [];
    const repository = this.repository(name);
    if (what === 'manifests' && method === 'PUT') return putManifest(repository, id, body, headers);
    if (what === 'manifests') return manifest(repository, id);
    if (what === 'referrers') return this.#referrers(name, id, url);
    if (what === 'blobs') return this.#blob(repository, id, method, headers.range);
    if (what === 'blobs/uploads') return this.uploads.reply(name, id, asked);
    return { status: 404 };
  }

  #blob({ blobs }: Repository, digest: string, method: string, range: string | undefined): Reply {
    const blob = blobs.get(digest);
    if (!blob) return { status: 404 };
    const there = method === 'GET' && this.redirectsTo !== undefined;
    if (there) return { status: 307, headers: { location: `${this.redirectsTo}/${digest}` } };
    const cutAfter = method === 'GET' ? this.cutDownloads.shift() : undefined;
    const start = this.ranges ? Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0) : 0;
    const headers = {
      'content-length': String(blob.length - start),
      ...(start > 0 ? { 'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}` } : {}),
    };
    return { status: start > 0 ? 206 : 200, headers, body: blob.subarray(start), cutAfter };
  }

  #referrers(name: string, digest: string, url: URL): Reply {
    if (!this.referrersApi) return { status: 404, body: '404 page not found' };
    const all = [...this.repository(name).manifests].flatMap(([own, { bytes, mediaType }]) => {
      const { subject } = JSON.parse(bytes.toString());
      return subject?.digest === digest ? [{ mediaType, digest: own, size: bytes.length }] : [];
    });
    const from = Number(url.searchParams.get('from') ?? 0);
    const next = from + this.referrersPage;
    const link = { link: `<${url.pathname}?from=${next}>; rel="next"` };
    const headers = { 'content-type': indexType, ...(next < all.length ? link : {}) };
    const index = { schemaVersion: 2, mediaType: indexType, manifests: all.slice(from, next) };
    return { status: 200, headers, body: JSON.stringify(index) };
  }
}

function send(
  response: ServerResponse,
  method: string,
  { status, headers, body = '', cutAfter }: Reply,
): void {
  if (cutAfter === undefined) {
    response.writeHead(status, headers).end(method === 'HEAD' ? undefined : body);
  } else if (cutAfter === 0) {
    response.destroy();
  } else {
    response.writeHead(status, headers);
    response.write(Buffer.from(body).subarray(0, cutAfter), () => response.destroy());
  }
}

function manifest({ manifests, tags }: Repository, reference: string): Reply {
  const digest = tags.get(reference) ?? reference;
  const stored = manifests.get(digest);
  if (!stored) return { status: 404 };
  const headers = { 'docker-content-digest': digest, 'content-type': stored.mediaType };
  return { status: 200, headers, body: stored.bytes };
}

/** As ECR: tags are immutable, and what a manifest refers to must be there; its subject need not be. */
function putManifest(
  repository: Repository,
  reference: string,
  body: Buffer,
  headers: Asked['headers'],
): Reply {
  const { blobs, manifests, tags } = repository;
  const digest = sha256(body);
  const { subject, ...rest } = JSON.parse(body.toString());
  const refersTo = [...JSON.stringify(rest).matchAll(/sha256:[0-9a-f]{64}/g)].map(([text]) => text);
  if (!refersTo.every((one) => blobs.has(one) || manifests.has(one)))
    return { status: 400, body: 'BLOB_UNKNOWN' };
  if (tags.has(reference)) return { status: 400, body: 'TAG_INVALID: the tag is immutable' };
  if (reference.startsWith('sha256:') && reference !== digest) return { status: 400, body: 'DIGEST_INVALID' };
  manifests.set(digest, { bytes: body, mediaType: headers['content-type'] ?? '' });
  if (!reference.startsWith('sha256:')) tags.set(reference, digest);
  const known = subject ? { 'oci-subject': String(subject.digest) } : {};
  return { status: 201, headers: { 'docker-content-digest': digest, ...known } };
}
