/** What the deployer asks of a cluster to resize what runs and to keep what is on a volume: over real TLS, as it comes. */
import { createServer } from 'node:https';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { web } from '../contracts/samples.ts';
import { certificate } from './certificate.ts';
import { listening } from './servers.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}
const asked: Asked[] = [];
let answer: (one: Asked) => { status?: number; body: unknown } = () => ({ body: {} });
let client: KubernetesClient;
let close: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  const pair = certificate();
  const server = createServer(pair, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const one = {
      method: request.method ?? '',
      path: request.url ?? '',
      body: text === '' ? undefined : JSON.parse(text),
    };
    asked.push(one);
    const { status = 200, body } = answer(one);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const opened = await listening(server);
  close = opened.close;
  const endpoint = `https://127.0.0.1:${opened.port}`;
  client = new KubernetesClient({ endpoint, ca: pair.cert.toString('base64'), token: async () => 't' });
});
afterAll(() => close());
beforeEach(() => {
  asked.length = 0;
});
const refusing = (status: number, message: string) => () => ({ status, body: { message } });
const size = { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } };

test('a pod is resized by its own subresource, and nothing else of it is touched', async () => {
  answer = () => ({ body: {} });
  await client.resize(web, 'app-1', size);
  expect(asked).toEqual([
    {
      method: 'PATCH',
      path: '/api/v1/namespaces/checkout--web/pods/app-1/resize?fieldManager=getschwifty&force=true',
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'app-1', namespace: 'checkout--web' },
        spec: { containers: [{ name: 'app', resources: size }] },
      },
    },
  ]);
});

test.each([403, 422])('%i is a no to a resize, for now and ever', async (status) => {
  answer = refusing(status, "node didn't have enough allocatable resources");
  const refusal = client.resize(web, 'app-1', size);
  await expect(refusal).rejects.toThrow(Rejected);
  await expect(refusal).rejects.toThrow("node didn't have enough");
});

test('403 to anything else may pass', async () => {
  answer = refusing(403, 'not bound yet');
  await expect(client.hold(web, true)).rejects.toThrow(Retryable);
});

test('a Deployment is held by a manager of its own, and let go by what that applies no more', async () => {
  answer = () => ({ body: {} });
  await client.hold(web, true);
  await client.hold(web, false);
  const path =
    '/apis/apps/v1/namespaces/checkout--web/deployments/app?fieldManager=getschwifty-resize&force=true';
  expect(asked.map((one) => one.path)).toEqual([path, path]);
  expect(asked[0]?.body).toMatchObject({ spec: { paused: true } });
  expect(asked[1]?.body).not.toHaveProperty('spec');
});

test.each([
  [['pods', 'pods/resize'], true],
  [['pods', 'pods/status'], false],
])('what is served is asked for: %j', async (names, offered) => {
  const set = { metadata: { name: 'app-1' }, spec: { replicas: 1 } };
  answer = ({ path }) => ({
    body: path === '/api/v1' ? { resources: names.map((name) => ({ name })) } : { items: [set] },
  });
  expect(await client.resizeSight(web)).toEqual({
    offered,
    replicaSets: [{ ...set, apiVersion: 'apps/v1', kind: 'ReplicaSet' }],
  });
});

test('snapshots of a cluster that serves none are none', async () => {
  answer = refusing(404, 'the server could not find the requested resource');
  expect(await client.snapshots(web, 'keeps')).toEqual({ class: undefined, snapshots: [] });
  expect(asked.map(({ path }) => path).sort()).toEqual([
    '/apis/snapshot.storage.k8s.io/v1/namespaces/checkout--web/volumesnapshots',
    '/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses/keeps',
  ]);
});

test('and of one that does, with what its class does to them', async () => {
  const snapshot = { metadata: { name: 'workspace-1' }, status: { readyToUse: true } };
  answer = ({ path }) => ({
    body: path.includes('classes') ? { deletionPolicy: 'Retain', driver: 'x' } : { items: [snapshot] },
  });
  expect(await client.snapshots(web, 'keeps')).toEqual({
    class: { deletionPolicy: 'Retain', driver: 'x' },
    snapshots: [snapshot],
  });
});
