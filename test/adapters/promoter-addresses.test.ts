/** Where EcrPromoter goes: to the registry that GetAuthorizationToken names, and elsewhere only without credentials. */
import { createServer } from 'node:https';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Rejected } from '#core/errors.ts';
import { certificate } from './certificate.ts';
import { from, opened } from './promoted.ts';
import { listening } from './servers.ts';

let world: Awaited<ReturnType<typeof opened>>;
const closing: (() => Promise<void>)[] = [];
beforeEach(async () => {
  world = await opened();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await world.close();
  for (const close of closing.splice(0)) await close();
});
const candidate = () => world.registry.repository(from);

test('a download that is redirected is followed by TLS, without our credentials', async () => {
  world.registry.mounts = false;
  const seen: (string | undefined)[] = [];
  const pair = certificate();
  const known = getCACertificates('default');
  setDefaultCACertificates([...known, pair.cert]);
  closing.push(async () => setDefaultCACertificates(known));
  const s3 = createServer(pair, (request, response) => {
    seen.push(request.headers.authorization);
    response.end(candidate().blobs.get(request.url?.slice(1) ?? ''));
  });
  const { port, close } = await listening(s3);
  closing.push(close);
  world.registry.redirectsTo = `https://127.0.0.1:${port}`;
  const { digest } = world.registry.addImage(from, 'one');
  await world.copy(digest);
  expect(world.copied(digest)).toBe(true);
  expect(seen).toEqual([undefined, undefined, undefined]);
});

test('a download that is redirected to plain HTTP is refused', async () => {
  world.registry.mounts = false;
  world.registry.redirectsTo = 'http://elsewhere.example';
  const { digest } = world.registry.addImage(from, 'one');
  await expect(world.copy(digest)).rejects.toThrow(
    new Rejected('The registry sent a download to http://elsewhere.example: only https is followed.'),
  );
});

test('a download that is sent round in circles ends', async () => {
  world.registry.mounts = false;
  world.registry.redirectsTo = `/v2/${from}/blobs`;
  const { digest } = world.registry.addImage(from, 'one');
  await expect(world.copy(digest)).rejects.toThrow(/from one address to the next/);
});

test('an upload that is sent to another origin is refused, and our credentials stay here', async () => {
  world.registry.mounts = false;
  world.registry.uploads.at = () => 'http://elsewhere.example';
  const { digest } = world.registry.addImage(from, 'one');
  const elsewhere = 'The registry sent an upload to http://elsewhere.example.';
  await expect(world.copy(digest)).rejects.toThrow(new Rejected(elsewhere));
  expect(world.copied(digest)).toBe(false);
});

test('the registry is where GetAuthorizationToken says, whatever the environment says', async () => {
  for (const name of ['REGISTRY', 'ECR_REGISTRY', 'REGISTRY_HOST', 'DOCKER_HOST'])
    vi.stubEnv(name, 'elsewhere.example');
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY'])
    vi.stubEnv(name, 'http://127.0.0.1:9');
  vi.stubEnv('AWS_ENDPOINT_URL_ECR', 'http://127.0.0.1:9');
  const { digest } = world.registry.addImage(from, 'one');
  await world.copy(digest);
  expect(world.copied(digest)).toBe(true);
});

test('no answer of GetAuthorizationToken, no registry', async () => {
  const nowhere = await opened(() => '');
  closing.push(nowhere.close);
  const { digest } = nowhere.registry.addImage(from, 'one');
  await expect(nowhere.copy(digest)).rejects.toThrow('ECR gave no authorization token.');
  expect(nowhere.registry.asked).toEqual([]);
});
