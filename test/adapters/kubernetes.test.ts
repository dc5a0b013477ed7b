/** KubernetesClient against an HTTPS server whose certificate nobody but the client's `ca` vouches for. */
import { afterAll, beforeEach, describe, expect, it, test } from 'vitest';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { environmentKinds } from '#adapters/kubernetes/kinds.ts';
import { LiveObject } from '#core/drift.ts';
import { Rejected } from '#core/errors.ts';
import { assess } from '#core/health.ts';
import { web } from '../contracts/samples.ts';
import type { Asked } from './aws-endpoint.ts';
import { type Answer, digest, kubernetesEndpoint, objects, status } from './kubernetes-endpoint.ts';

let answer: (asked: Asked) => Answer;
const { endpoint, ca, asked, close } = await kubernetesEndpoint((one) => answer(one));
const client = new KubernetesClient({ endpoint, ca, token: async () => 'k8s-aws-v1.token' });
afterAll(() => close());
beforeEach(() => {
  asked.length = 0;
  answer = () => ({ body: '{}' });
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

test('a kind that it knows no path for', async () => {
  const object = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x', labels: {} } };
  await expect(client.apply([object])).rejects.toThrow('knows no path for batch/v1 Job');
});
