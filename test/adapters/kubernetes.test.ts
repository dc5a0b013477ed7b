/** KubernetesClient against an HTTPS server whose certificate nobody but the client's `ca` vouches for. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { assess } from '#core/health.ts';
import { desiredObjects } from '#core/rollout.ts';
import { digestOf, spec, web } from '../contracts/samples.ts';
import type { Answer, Asked } from './aws-endpoint.ts';
import { listening } from './servers.ts';

const asked: Asked[] = [];
let answer: (asked: Asked) => Answer;
let client: KubernetesClient;
let endpoint: string;
let ca: string;
let close: () => Promise<void>;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const args = ['req', '-x509', ...curve, '-nodes', '-keyout', key, '-out', cert, ...subject];
  execFileSync('openssl', args, { stdio: 'pipe' });
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  const server = createServer(pair, async (request, response) => {
    const { method = '', url = '', headers } = request;
    const one = { method, path: url, headers, body: await text(request) };
    asked.push(one);
    const { status = 200, body } = answer(one);
    response.writeHead(status).end(body);
  });
  const opened = await listening(server);
  close = opened.close;
  endpoint = `https://127.0.0.1:${opened.port}`;
  ca = pair.cert.toString('base64');
  client = new KubernetesClient({ endpoint, ca, token: async () => 'k8s-aws-v1.token' });
});
afterAll(() => close());
beforeEach(() => {
  asked.length = 0;
  answer = () => ({ body: '{}' });
});

const digest = digestOf('image');
const objects = desiredObjects({
  key: web,
  spec,
  image: `r.example/release/checkout/web@${digest}`,
  digest,
  loadBalancerScheme: 'internal',
});
const status = (code: number, message: string): Answer => ({
  status: code,
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }),
});

test('objects are applied in their order, server-side, under our own field manager', async () => {
  await client.apply(objects);
  const query = '?fieldManager=getschwifty&force=true';
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    `PATCH /api/v1/namespaces/checkout--web${query}`,
    `PATCH /apis/apps/v1/namespaces/checkout--web/deployments/app${query}`,
    `PATCH /api/v1/namespaces/checkout--web/services/app${query}`,
  ]);
  expect(asked[1]?.headers).toMatchObject({
    authorization: 'Bearer k8s-aws-v1.token',
    'content-type': 'application/apply-patch+yaml',
  });
  expect(JSON.parse(asked[1]?.body ?? '')).toEqual(objects[1]);
});

test('the first object that is refused ends it, with the words of the cluster', async () => {
  answer = ({ path }) =>
    path.includes('deployments')
      ? status(422, 'Deployment.apps "app" is invalid: cpu: must be positive')
      : { body: '{}' };
  await expect(client.apply(objects)).rejects.toThrow(
    new Rejected(
      'The cluster refused to apply Deployment app (422): Deployment.apps "app" is invalid: cpu: must be positive',
    ),
  );
  expect(asked).toHaveLength(2);
});

test.each([
  [400, Rejected],
  [404, Rejected],
  [422, Rejected],
  [401, Retryable],
  [403, Retryable],
  [409, Retryable],
  [429, Retryable],
  [500, Retryable],
  [503, Retryable],
])('%d', async (code, kind) => {
  answer = () => status(code, 'why');
  await expect(client.apply(objects)).rejects.toThrow(kind);
});

test("a proxy's page is no Status: its first words are told", async () => {
  answer = () => ({ status: 502, body: '<html>Bad gateway</html>' });
  await expect(client.apply(objects)).rejects.toThrow(
    new Retryable('The cluster refused to apply Namespace checkout--web (502): <html>Bad gateway</html>'),
  );
});

test('a look reads Deployment, Service and the pods of the environment', async () => {
  const image = `r.example/release/checkout/web@${digest}`;
  const deployment = {
    metadata: { generation: 2, name: 'app' },
    spec: { replicas: 1, template: { spec: { containers: [{ name: 'app', image }] } } },
    status: { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
  };
  const service = { status: { loadBalancer: { ingress: [{ hostname: 'lb-1.elb.example' }] } } };
  answer = ({ path }) => {
    if (path.includes('/deployments/')) return { body: JSON.stringify(deployment) };
    if (path.includes('/services/')) return { body: JSON.stringify(service) };
    return { body: JSON.stringify({ items: [] }) };
  };
  expect(assess(await client.look(web))).toMatchObject({ digest, ready: true, address: 'lb-1.elb.example' });
  expect(asked.map(({ path }) => path).sort()).toEqual([
    '/api/v1/namespaces/checkout--web/pods?labelSelector=app.kubernetes.io%2Finstance%3Dcheckout--web',
    '/api/v1/namespaces/checkout--web/services/app',
    '/apis/apps/v1/namespaces/checkout--web/deployments/app',
  ]);
});

test('what is not there is not there', async () => {
  answer = ({ path }) => (path.includes('/pods') ? { body: '{"items":[]}' } : status(404, 'not found'));
  expect(await client.look(web)).toEqual({ deployment: undefined, service: undefined, pods: [] });
});

test('an answer that is not what Kubernetes documents is not believed', async () => {
  answer = () => ({ body: '{"spec":{}}' });
  await expect(client.look(web)).rejects.toThrow();
});

test("a server that the cluster's certificate does not vouch for gets no token", async () => {
  const stranger = new KubernetesClient({ endpoint, ca: '', token: async () => 'secret' });
  await expect(stranger.look(web)).rejects.toThrow(/^The Kubernetes API did not answer: .*certificate/);
  expect(asked.filter(({ headers }) => headers.authorization === 'Bearer secret')).toEqual([]);
});

test('a cluster that is not there is tried again later', async () => {
  const gone = new KubernetesClient({ endpoint: 'https://127.0.0.1:1', ca, token: async () => 'secret' });
  await expect(gone.look(web)).rejects.toThrow(Retryable);
});

test('a kind that it knows no path for', async () => {
  const object = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x', labels: {} } };
  await expect(client.apply([object])).rejects.toThrow('knows no path for batch/v1 Job');
});
