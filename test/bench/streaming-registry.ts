/**
 * A registry in a process of its own whose blobs are of any size: downloads are made as they are read, uploads are
 * hashed as they come, and neither is ever kept. It answers GetAuthorizationToken too, with its own address.
 * `node test/bench/streaming-registry.ts BYTES…`: one layer each. Its first line says what to promote, and from where.
 */
import { createHash, type Hash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const from = '/v2/candidate/checkout/web/';
const authorization = `Basic ${Buffer.from('AWS:password').toString('base64')}`;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const blockBytes = 1024 * 1024;

interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly seed: number;
}
const sha256 = (bytes: Buffer | string): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Blocks that differ in their first bytes: cheap to make, and one in the wrong place changes the digest. */
const pattern = Buffer.alloc(blockBytes, 'some bytes of a layer, ');
function block({ size, seed }: Blob, index: number): Buffer {
  pattern.writeUInt32LE(seed, 0);
  pattern.writeUInt32LE(index, 4);
  return Buffer.from(pattern.subarray(0, Math.min(blockBytes, size - index * blockBytes)));
}
function made(size: number, seed: number): Blob {
  const hash = createHash('sha256');
  const blob = { digest: '', size, seed };
  for (let index = 0; index * blockBytes < size; index += 1) hash.update(block(blob, index));
  return { ...blob, digest: `sha256:${hash.digest('hex')}` };
}

const layers = process.argv.slice(2).map(Number).map(made);
const config = '{}';
const descriptor = ({ digest, size }: Blob) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest,
  size,
});
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: manifestType,
  config: {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: sha256(config),
    size: config.length,
  },
  layers: layers.map(descriptor),
});

const uploads = new Map<string, { readonly hash: Hash; bytes: number }>();
const promoted = new Set<string>();
let begun = 0;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '' } = request;
  const url = new URL(request.url ?? '', 'http://registry');
  const end = (status: number, headers: Record<string, string> = {}, body = '') =>
    response.writeHead(status, headers).end(method === 'HEAD' ? undefined : body);
  if (url.pathname === '/') return void end(200, {}, token());
  if (request.headers.authorization !== authorization) return void end(401);
  const id = url.pathname.split('/').at(-1) ?? '';
  if (url.pathname.includes('/referrers/')) return void end(200, {}, '{"manifests":[]}');
  if (url.pathname.includes('/manifests/')) {
    if (method === 'PUT') for await (const _ of request) promoted.add(id);
    const digest = { 'docker-content-digest': sha256(manifest), 'content-type': manifestType };
    return void end(method === 'PUT' ? 201 : 200, digest, manifest);
  }
  if (url.pathname.includes('/blobs/uploads/')) return upload(request, url, id, end);
  const blob = layers.find(({ digest }) => digest === id);
  if (method === 'HEAD') return void end(promoted.has(id) ? 200 : 404);
  if (!url.pathname.startsWith(from)) return void end(404);
  if (!blob) return void end(200, { 'content-length': String(config.length) }, config);
  response.writeHead(200, { 'content-length': String(blob.size) });
  for (let index = 0; index * blockBytes < blob.size && !response.destroyed; index += 1) {
    if (!response.write(block(blob, index))) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
}

async function upload(
  request: IncomingMessage,
  url: URL,
  id: string,
  end: (status: number, headers?: Record<string, string>) => void,
): Promise<void> {
  if (request.method === 'POST') {
    begun += 1;
    uploads.set(`u${begun}`, { hash: createHash('sha256'), bytes: 0 });
    return end(202, { location: `${url.pathname}u${begun}` });
  }
  const open = uploads.get(id);
  const start = Number(/^\d+/.exec(request.headers['content-range'] ?? '')?.[0] ?? open?.bytes);
  if (!open || start !== open.bytes) return end(416);
  for await (const chunk of request) {
    open.hash.update(chunk);
    open.bytes += chunk.length;
  }
  if (request.method === 'PATCH') return end(202, { location: url.pathname, range: `0-${open.bytes - 1}` });
  const digest = `sha256:${open.hash.digest('hex')}`;
  if (digest !== url.searchParams.get('digest')) return end(400);
  promoted.add(digest);
  end(201);
}

function token(): string {
  const grant = { proxyEndpoint: origin(), authorizationToken: authorization.slice('Basic '.length) };
  return JSON.stringify({ authorizationData: [{ ...grant, expiresAt: 4102444800 }] });
}
const server = createServer((request, response) => void answer(request, response));
const origin = (): string => {
  const address = server.address();
  return `http://127.0.0.1:${isAddress(address) ? address.port : 0}`;
};
const isAddress = (address: AddressInfo | string | null): address is AddressInfo =>
  typeof address === 'object' && address !== null;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ origin: origin(), digest: sha256(manifest) })}\n`);
});
// It lives as long as whoever started it.
process.stdin.resume().on('end', () => process.exit());
