/** KubernetesClient before a cluster that refuses, is busy, breaks off, is another one or is not there. */
import { afterAll, beforeEach, describe, expect, it, test } from 'vitest';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { web } from '../contracts/samples.ts';
import type { Asked } from './aws-endpoint.ts';
import { type Answer, kubernetesEndpoint, objects, status } from './kubernetes-endpoint.ts';

const waits: number[] = [];
let answer: (asked: Asked) => Answer;
const { endpoint, ca, asked, close } = await kubernetesEndpoint((one) => answer(one));
const wait = async (ms: number) => waits.push(ms);
const client = new KubernetesClient({ endpoint, ca, token: async () => 'k8s-aws-v1.token', wait });
afterAll(() => close());
beforeEach(() => {
  asked.length = 0;
  waits.length = 0;
  answer = () => ({ body: '{}' });
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

test.each([
  ['admission webhook "policies.example.com" denied the request: no cost-center', Rejected],
  ['admission webhook "policies.example.com" denied the request without explanation', Rejected],
  [
    `namespaces "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
    Rejected,
  ],
  [`namespaces "a" is forbidden: User "ValidatingAdmissionPolicy 'p'" cannot delete it`, Retryable],
  ['namespaces "a" is forbidden: User "keeper" cannot delete resource "namespaces"', Retryable],
  ['namespaces is forbidden: admission webhook "x" denied the request', Retryable],
])('403 with “%s”', async (message, kind) => {
  answer = () => status(403, message);
  await expect(client.apply(objects)).rejects.toThrow(kind);
  await expect(client.remove(objects)).rejects.toThrow(kind);
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

test("a server that the cluster's certificate does not vouch for gets no token", async () => {
  const stranger = new KubernetesClient({ endpoint, ca: '', token: async () => 'secret' });
  await expect(stranger.look(web)).rejects.toThrow(/^The Kubernetes API did not answer: .*certificate/);
  expect(asked.filter(({ headers }) => headers.authorization === 'Bearer secret')).toEqual([]);
});

test('a cluster that is not there is tried again later', async () => {
  const gone = new KubernetesClient({ endpoint: 'https://127.0.0.1:1', ca, token: async () => 'secret' });
  await expect(gone.look(web)).rejects.toThrow(Retryable);
});
