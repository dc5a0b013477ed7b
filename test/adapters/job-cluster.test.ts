/** KubernetesJobCluster against a server that answers as Kubernetes does: what it asks for, page by page, and what it makes of a no. */
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { KubernetesJobCluster } from '#adapters/kubernetes/job-cluster.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { slotJob } from '#core/jobs/slot-objects.ts';
import { jobOf, place, podOf, wantedSlots } from '../core/jobs/slot-samples.ts';
import type { Asked } from './aws-endpoint.ts';
import { secureServer } from './servers.ts';

const { name: job } = wantedSlots();
const home = `/api/v1/namespaces/${job}`;
const jobs = `/apis/batch/v1/namespaces/${job}/jobs`;
const usage = `/apis/metrics.k8s.io/v1beta1/namespaces/${job}/pods`;
const used = (name: string, ...memory: string[]) => ({
  metadata: { name },
  containers: memory.map((one) => ({ usage: { memory: one } })),
});
const asked: Asked[] = [];
let answer: (asked: Asked) => readonly [status: number, body: object];
let cluster: KubernetesJobCluster;
let close: () => Promise<void>;

beforeAll(async () => {
  const server = await secureServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const one = { method, path: url, headers, body: await text(request) };
    asked.push(one);
    const [status, body] = answer(one);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  close = server.close;
  const { endpoint, ca } = server;
  cluster = new KubernetesJobCluster({ endpoint, ca, token: async () => 't', wait: async () => undefined });
});
afterAll(() => close());
beforeEach(() => {
  asked.length = 0;
  answer = () => [200, {}];
});
const said = (message: string) => ({ kind: 'Status', status: 'Failure', message });
const paths = () => asked.map(({ method, path }) => `${method} ${path}`);

test('a look reads the namespace, its Jobs and then their pods, page by page', async () => {
  const pages: Readonly<Record<string, object>> = {
    [home]: { metadata: { name: job } },
    [`${jobs}?limit=250`]: { metadata: { continue: 'a/b' }, items: [jobOf(0)] },
    [`${jobs}?limit=250&continue=a%2Fb`]: { metadata: {}, items: [jobOf(1)] },
    [`${home}/pods?limit=250`]: { metadata: { continue: '' }, items: [podOf(0)] },
    [usage]: { items: [used('p-0', '200Ki', '100Ki')] },
  };
  answer = ({ path }) => [200, pages[path] ?? {}];
  const sight = await cluster.sight(job);
  expect(sight).toEqual({
    namespace: 'there',
    jobs: [jobOf(0), jobOf(1)],
    pods: [podOf(0)],
    memory: { 'p-0': 300 * 1024 },
  });
  expect(paths()).toEqual(Object.keys(pages).map((path) => `GET ${path}`));
});

test.each([403, 404, 503])(
  'a cluster that measures nothing (%i) tells of no memory, and is seen all the same',
  async (status) => {
    answer = ({ path }) => {
      if (path === usage) return [status, said('no')];
      if (path === home) return [200, { metadata: { name: job } }];
      return [200, { metadata: {}, items: path.startsWith(jobs) ? [jobOf(0)] : [podOf(0)] }];
    };
    expect(await cluster.sight(job)).toMatchObject({ jobs: [jobOf(0)], pods: [podOf(0)], memory: {} });
    expect(paths().filter((path) => path.endsWith(usage))).toHaveLength(1);
  },
);

test('a namespace that is not there is gone, and one that is on its way out leaves', async () => {
  answer = () => [404, said('not found')];
  expect(await cluster.sight(job)).toEqual({ namespace: 'gone', jobs: [], pods: [], memory: {} });
  expect(asked).toHaveLength(1);
  answer = ({ path }) =>
    path === home
      ? [200, { metadata: { name: job, deletionTimestamp: '2026-03-01T12:00:00Z' } }]
      : [200, { metadata: {}, items: [] }];
  expect((await cluster.sight(job)).namespace).toBe('leaving');
});

test('pages that the cluster forgot meanwhile are read anew by the next try', async () => {
  answer = ({ path }) =>
    path.includes('continue=')
      ? [410, said('The provided continue parameter is too old')]
      : [200, { metadata: { name: job, continue: 'more' }, items: [] }];
  await expect(cluster.sight(job)).rejects.toBeInstanceOf(Retryable);
});

test('a slot is made by POST: one that is there is fine, one that may not be is refused in the words of the cluster', async () => {
  const slot = slotJob(wantedSlots(), place, 0, 0);
  answer = () => [201, {}];
  await cluster.create(slot);
  expect(paths()).toEqual([`POST ${jobs}?fieldManager=getschwifty`]);
  answer = () => [409, said('already exists')];
  await cluster.create(slot);
  expect(asked).toHaveLength(2);
  answer = () => [403, said('image "x" may not run here')];
  await expect(cluster.create(slot)).rejects.toThrow(Rejected);
  await expect(cluster.create(slot)).rejects.toThrow('image "x" may not run here');
  answer = () => [500, said('etcd has no leader')];
  await expect(cluster.create(slot)).rejects.toBeInstanceOf(Retryable);
});

test('a Job is ended by its uid, with its pods, once: what was made since is left alone', async () => {
  await cluster.end(jobOf(2, 3));
  expect(paths()).toEqual([`DELETE ${jobs}/slot-2-3`]);
  const { body = '' } = asked[0] ?? {};
  expect(JSON.parse(body)).toEqual({ propagationPolicy: 'Background', preconditions: { uid: 'j-2-3' } });
  for (const status of [404, 409]) {
    asked.length = 0;
    answer = () => [status, said('no')];
    await cluster.end(jobOf(2, 3));
    expect(asked).toHaveLength(1);
  }
  answer = () => [403, said('no')];
  await expect(cluster.end(jobOf(2, 3))).rejects.toBeInstanceOf(Retryable);
});

test('the namespace goes with all that is in it', async () => {
  await cluster.remove(job);
  expect(paths()).toEqual([`DELETE ${home}`]);
});
