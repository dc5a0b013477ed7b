/** EcrPromoter against a registry on this machine. */
import { createServer } from 'node:http';
import { ECRClient } from '@aws-sdk/client-ecr';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EcrPromoter } from '#adapters/aws/promoter.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { releaseTag } from '#core/image.ts';
import { Digest } from '#core/names.ts';
import { promoterContract } from '../contracts/promoter.ts';
import { awsEndpoint } from './aws-endpoint.ts';
import { authorization, OciRegistry } from './oci-registry.ts';
import { listening } from './servers.ts';

const from = 'candidate/checkout/web';
const to = 'release/checkout/web';
const closing: (() => Promise<void>)[] = [];
let registry: OciRegistry;
let promoter: EcrPromoter;

async function open() {
  registry = new OciRegistry();
  closing.push(await registry.start());
  const grant = {
    proxyEndpoint: registry.origin,
    authorizationToken: authorization.replace('Basic ', ''),
    expiresAt: 4102444800,
  };
  const ecr = await awsEndpoint(() => ({ body: JSON.stringify({ authorizationData: [grant] }) }));
  closing.push(ecr.close);
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  promoter = new EcrPromoter(new ECRClient({ endpoint: ecr.endpoint, region: 'us-east-1', credentials }));
}
beforeEach(open);
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const copy = (digest: Digest) => promoter.copy(from, to, digest, releaseTag(digest));
const copied = (digest: Digest) => registry.repository(to).tags.get(releaseTag(digest)) === digest;
const asked = (pattern: RegExp) => registry.asked.filter((line) => pattern.test(line));

promoterContract('EcrPromoter', async () => ({
  promoter,
  from,
  to,
  push: async (repository, tag, content) => registry.addImage(repository, content, tag),
  digestOf: async (repository, tag) => Digest.optional().parse(registry.repository(repository).tags.get(tag)),
  remove: async (repository, digest) => void registry.repository(repository).manifests.delete(digest),
}));

test('blobs are mounted where the registry can: none is downloaded', async () => {
  const digest = registry.addImage(from, 'one');
  await copy(digest);
  expect(copied(digest)).toBe(true);
  expect(asked(/^GET .*\/blobs\//)).toEqual([]);
  expect(registry.repository(to).blobs.size).toBe(3);
});

test.each([202, 201])(
  'a mount that is not made is streamed instead (PATCH answered by %d)',
  async (patched) => {
    registry.mounts = false;
    registry.patched = patched;
    const digest = registry.addImage(from, 'one');
    await copy(digest);
    expect(copied(digest)).toBe(true);
    expect(asked(/^GET .*\/blobs\//)).toHaveLength(3);
    expect([...registry.repository(to).blobs]).toEqual([...registry.repository(from).blobs]);
  },
);

test('blobs that are there already are not sent again', async () => {
  const digest = registry.addImage(from, 'one');
  registry.addImage(to, 'one');
  registry.asked.length = 0;
  await copy(digest);
  expect(asked(/^(POST|PATCH) /)).toEqual([]);
});

test('a download that is redirected is followed, without our credentials', async () => {
  registry.mounts = false;
  const seen: (string | undefined)[] = [];
  const { blobs } = registry.repository(from);
  const s3 = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end(blobs.get(request.url?.slice(1) ?? ''));
  });
  const { port, close } = await listening(s3);
  closing.push(close);
  registry.redirectsTo = `http://127.0.0.1:${port}`;
  const digest = registry.addImage(from, 'one');
  await copy(digest);
  expect(copied(digest)).toBe(true);
  expect(seen).toEqual([undefined, undefined, undefined]);
});

test('an upload that is sent to another origin is refused, and our credentials stay here', async () => {
  registry.mounts = false;
  registry.uploadsAt = () => 'http://elsewhere.example';
  const digest = registry.addImage(from, 'one');
  await expect(copy(digest)).rejects.toThrow(
    new Rejected('The registry sent an upload to http://elsewhere.example.'),
  );
  expect(copied(digest)).toBe(false);
});

test('an index comes with its children', async () => {
  const children = ['amd64', 'arm64'].map((content) => ({
    digest: registry.addImage(from, content),
    size: 100,
  }));
  const digest = registry.addManifest(from, { schemaVersion: 2, manifests: children });
  await copy(digest);
  expect(copied(digest)).toBe(true);
  for (const child of children) expect(registry.repository(to).manifests.has(child.digest)).toBe(true);
});

test('a manifest that is not what its digest says is not copied', async () => {
  const digest = registry.addImage(from, 'one');
  registry.repository(from).manifests.set(digest, Buffer.from('{"layers":[]}'));
  await expect(copy(digest)).rejects.toThrow(Retryable);
  await expect(copy(digest)).rejects.toThrow(/the registry sent a manifest whose digest is sha256:/);
  expect(registry.repository(to).manifests.size).toBe(0);
});

test('a blob that changed on its way is not taken', async () => {
  registry.mounts = false;
  const digest = registry.addImage(from, 'one');
  const { blobs } = registry.repository(from);
  const [[first = ''] = []] = blobs;
  blobs.set(first, Buffer.from('something else'));
  await expect(copy(digest)).rejects.toThrow(/was not taken by release\/checkout\/web: 400 .*DIGEST_INVALID/);
});

test('a child that vanished names itself', async () => {
  const child = registry.addImage(from, 'amd64');
  const digest = registry.addManifest(from, { schemaVersion: 2, manifests: [{ digest: child, size: 1 }] });
  registry.repository(from).manifests.delete(child);
  await expect(copy(digest)).rejects.toThrow(`${from}@${child} is no longer in the registry: push it again.`);
  expect(copied(digest)).toBe(false);
});

test.each([
  ['the manifest', /manifests/, 'GET', 503, Retryable],
  ['the manifest', /manifests/, 'GET', 403, Retryable],
  ['the mount', /uploads/, 'POST', 429, Retryable],
  ['the mount', /uploads/, 'POST', 404, Rejected],
  ['the manifest in its new place', /release.*manifests/, 'PUT', 500, Retryable],
])('%s answered by %s %s %d', async (_, path, on, status, kind) => {
  const digest = registry.addImage(from, 'one');
  registry.instead = (method, url) => (method === on && path.test(url) ? { status, body: 'why' } : undefined);
  await expect(copy(digest)).rejects.toThrow(kind);
  await expect(copy(digest)).rejects.toThrow(`${status} why`);
  registry.instead = () => undefined;
  await copy(digest);
  expect(copied(digest)).toBe(true);
});

test('a manifest that is no manifest', async () => {
  const digest = registry.addManifest(from, { layers: 'none' });
  await expect(copy(digest)).rejects.toThrow(
    new RegExp(`^manifest ${digest} of ${from} is not valid: layers`),
  );
});

test('a registry that does not answer is tried again later', async () => {
  const digest = registry.addImage(from, 'one');
  await closing.shift()?.();
  await expect(copy(digest)).rejects.toThrow(Retryable);
});
