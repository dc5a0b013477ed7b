/** KubernetesClient against an HTTPS server whose certificate nobody but the client's `ca` vouches for. */
import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { environmentKinds } from '#adapters/kubernetes/kinds.ts';
import { LiveObject } from '#core/drift.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { assess } from '#core/health.ts';
import { desiredObjects } from '#core/rollout.ts';
import { digestOf, spec, web } from '../contracts/samples.ts';
import type { Asked } from './aws-endpoint.ts';
import { secureServer } from './servers.ts';

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The connection is cut there. */
  readonly cut?: 'before' | 'within';
  /** Between one byte and the next. */
  readonly dripMs?: number;
}

async function reply(response: ServerResponse, { status = 200, headers, body = '', cut, dripMs }: Answer) {
  if (cut === 'before') return void response.destroy();
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) + (cut ? 100 : 0) });
  if (dripMs === undefined) response.write(body);
  else for (const byte of body) await sleep(dripMs).then(() => response.destroyed || response.write(byte));
  if (cut === 'within') await sleep(20).then(() => response.destroy());
  else response.end();
}

const asked: Asked[] = [];
const waits: number[] = [];
let answer: (asked: Asked) => Answer;
let client: KubernetesClient;
let endpoint: string;
let ca: string;
let close: () => Promise<void>;

beforeAll(async () => {
  const opened = await secureServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const one = { method, path: url, headers, body: await text(request) };
    asked.push(one);
    await reply(response, answer(one));
  });
  ({ close, endpoint, ca } = opened);
  const wait = async (ms: number) => waits.push(ms);
  client = new KubernetesClient({ endpoint, ca, token: async () => 'k8s-aws-v1.token', wait });
});
afterAll(() => close());
beforeEach(() => {
  asked.length = 0;
  waits.length = 0;
  answer = () => ({ body: '{}' });
});

const digest = digestOf('image');
const objects = desiredObjects({
  key: web,
  spec,
  image: `r.example/release/checkout/web@${digest}`,
  digest,
  loadBalancerScheme: 'internal',
  kubernetesVersion: '1.36',
  drainSeconds: 5,
});
const status = (code: number, message: string): Answer => ({
  status: code,
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }),
});

const kindsAsked = () => asked.map(({ path }) => path.split('?')[0]?.split('/').at(-2));

test('objects are applied server-side, under our own field manager: the namespace, what bounds, what runs', async () => {
  await client.apply(objects);
  expect(kindsAsked()[0]).toBe('namespaces');
  expect(kindsAsked().slice(1, 7).sort()).toEqual([
    'limitranges',
    'networkpolicies',
    'networkpolicies',
    'networkpolicies',
    'networkpolicies',
    'resourcequotas',
  ]);
  expect(kindsAsked().slice(7).sort()).toEqual(['deployments', 'horizontalpodautoscalers', 'services']);
  for (const { method, path, headers } of asked) {
    expect(method).toBe('PATCH');
    expect(path).toMatch(/\?fieldManager=getschwifty&force=true$/);
    expect(headers).toMatchObject({
      authorization: 'Bearer k8s-aws-v1.token',
      'content-type': 'application/apply-patch+yaml',
    });
  }
  const deployment = asked.find(({ path }) => path.includes('/deployments/'));
  expect(deployment?.path).toMatch('/apis/apps/v1/namespaces/checkout--web/deployments/app?');
  expect(JSON.parse(deployment?.body ?? '')).toEqual(objects.find(({ kind }) => kind === 'Deployment'));
});

test('an object that is refused ends it, with the words of the cluster: nothing that depends on it is applied', async () => {
  answer = ({ path }) =>
    path.includes('resourcequotas')
      ? status(422, 'ResourceQuota "app" is invalid: pods: must be positive')
      : { body: '{}' };
  await expect(client.apply(objects)).rejects.toThrow(
    new Rejected(
      'The cluster refused to apply ResourceQuota app (422): ResourceQuota "app" is invalid: pods: must be positive',
    ),
  );
  expect(kindsAsked()).not.toContain('deployments');
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

describe('a cluster that is busy', () => {
  const failFirst = (failures: number, failing: Answer) => {
    answer = () => (asked.length <= failures ? failing : { body: '{"items":[],"metadata":{"name":"x"}}' });
  };
  const namespace = objects.slice(0, 1);
  it.each([
    [429, '1', [1000]],
    [503, '2', [2000]],
    [500, '0', [0]],
  ])('%d with Retry-After %s is waited for as long', async (code, seconds, expected) => {
    failFirst(1, { ...status(code, 'slow down'), headers: { 'retry-after': seconds } });
    await client.apply(namespace);
    expect(waits).toEqual(expected);
    expect(asked).toHaveLength(2);
  });
  it('and says no time, or a long one, is left to the queue', async () => {
    for (const headers of [{}, { 'retry-after': '60' }, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }]) {
      asked.length = 0;
      failFirst(1, { ...status(429, 'slow down'), headers });
      await expect(client.apply(namespace)).rejects.toThrow(Retryable);
      expect(asked).toHaveLength(1);
    }
    expect(waits).toEqual([]);
  });
  it('for good is told after three tries', async () => {
    answer = () => ({ ...status(429, 'slow down'), headers: { 'retry-after': '1' } });
    await expect(client.apply(namespace)).rejects.toThrow(
      new Retryable('The cluster refused to apply Namespace checkout--web (429): slow down'),
    );
    expect(waits).toEqual([1000, 1000]);
  });
  it('with another write of the same object: 409 is tried again', async () => {
    failFirst(2, status(409, 'the object has been modified'));
    await client.apply(namespace);
    expect(asked).toHaveLength(3);
  });
  it('a read waits just so', async () => {
    failFirst(1, { ...status(429, 'slow down'), headers: { 'retry-after': '1' } });
    await expect(client.look(web)).resolves.toMatchObject({ pods: [] });
    expect(waits).toEqual([1000]);
  });
});

describe('a connection that breaks', () => {
  it.each<[string, Answer]>([
    ['before the answer', { cut: 'before' }],
    ['in the middle of it', { cut: 'within', body: '{"items":[' }],
  ])('%s', async (_, broken) => {
    answer = () => broken;
    await expect(client.look(web)).rejects.toThrow(/^The Kubernetes API did not answer: /);
    await expect(client.look(web)).rejects.toThrow(Retryable);
  });
  it('or answers too slowly, drop by drop', async () => {
    answer = () => ({ body: '{"items":[]}', dripMs: 30 });
    const hurried = new KubernetesClient({ endpoint, ca, token: async () => 't', timeoutMs: 100 });
    await expect(hurried.look(web)).rejects.toThrow(
      new Retryable('The Kubernetes API did not answer: no answer in 0.1 s'),
    );
  });
});

test("a proxy's page is no Status: its first words are told", async () => {
  answer = () => ({ status: 502, body: '<html>Bad gateway</html>' });
  await expect(client.apply(objects)).rejects.toThrow(
    new Retryable('The cluster refused to apply Namespace checkout--web (502): <html>Bad gateway</html>'),
  );
  answer = () => ({ body: '<html>Sign in</html>' });
  await expect(client.look(web)).rejects.toThrow(/with what is no JSON: <html>Sign in/);
  await expect(client.look(web)).rejects.toThrow(Retryable);
});

describe('removal', () => {
  const budget = LiveObject.parse({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'app', namespace: 'checkout--web', uid: 'u-1' },
  });
  it('names the very object that was seen', async () => {
    await client.remove([budget]);
    expect(asked).toMatchObject([
      { method: 'DELETE', path: '/apis/policy/v1/namespaces/checkout--web/poddisruptionbudgets/app' },
    ]);
    expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({ preconditions: { uid: 'u-1' } });
  });
  it('of what is gone is done', async () => {
    answer = () => status(404, 'not found');
    await client.remove([budget]);
  });
  it('of an object that was not seen names none', async () => {
    const { uid: _, ...metadata } = budget.metadata;
    await client.remove([{ ...budget, metadata }]);
    expect(JSON.parse(asked[0]?.body ?? '')).not.toHaveProperty('preconditions');
  });
});

test('a look reads the namespace, our objects in it, and the pods of the environment', async () => {
  const image = `r.example/release/checkout/web@${digest}`;
  const app = { name: 'app', namespace: 'checkout--web' };
  const deployment = {
    metadata: { ...app, generation: 2 },
    spec: { replicas: 1, template: { spec: { containers: [{ name: 'app', image }] } } },
    status: { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
  };
  const service = {
    metadata: app,
    status: { loadBalancer: { ingress: [{ hostname: 'lb-1.elb.example' }] } },
  };
  const items = (...found: object[]) => ({ body: JSON.stringify({ items: found }) });
  answer = ({ path }) => {
    if (path === '/api/v1/namespaces/checkout--web') return { body: '{"metadata":{"name":"checkout--web"}}' };
    if (path.includes('/deployments?')) return items(deployment);
    if (path.includes('/services?')) return items(service);
    return items();
  };
  const sight = await client.look(web);
  expect(assess(sight)).toMatchObject({ digest, ready: true, address: 'lb-1.elb.example' });
  expect(sight.objects.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual([
    'v1 Namespace',
    'apps/v1 Deployment',
    'v1 Service',
  ]);
  const selector = '?labelSelector=app.kubernetes.io%2Finstance%3Dcheckout--web';
  expect(
    asked
      .map(({ path }) => path)
      .filter((path) => path.includes('?'))
      .every((path) => path.endsWith(selector)),
  ).toBe(true);
  expect(asked).toHaveLength(2 + environmentKinds.length);
});

test('of a Service without an address it reads what is said against it, and of no other', async () => {
  const warning = { reason: 'FailedDeployModel', message: 'no room', lastTimestamp: '2026-01-05T10:00:00Z' };
  const fields = 'involvedObject.kind=Service,involvedObject.name=app,type=Warning';
  const events = `/api/v1/namespaces/checkout--web/events?fieldSelector=${encodeURIComponent(fields)}&limit=50`;
  const service = { metadata: { name: 'app', namespace: 'checkout--web' }, status: { loadBalancer: {} } };
  answer = ({ path }) => {
    if (path === events) return { body: JSON.stringify({ items: [warning] }) };
    if (path.includes('/services?')) return { body: JSON.stringify({ items: [service] }) };
    return path.includes('?') ? { body: '{"items":[]}' } : status(404, 'not found');
  };
  expect((await client.look(web)).warnings).toEqual([warning]);
});

test('what is not there is not there', async () => {
  answer = ({ path }) => (path.includes('?') ? { body: '{"items":[]}' } : status(404, 'not found'));
  expect(await client.look(web)).toEqual({
    deployment: undefined,
    service: undefined,
    autoscaler: undefined,
    pods: [],
    objects: [],
  });
});

test('an answer that is not what Kubernetes documents is not believed', async () => {
  answer = () => ({ body: '{"spec":{}}' });
  await expect(client.look(web)).rejects.toThrow(/^the cluster's answer to read .* is not valid: /);
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
