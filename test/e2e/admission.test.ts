/** In an environment's namespace the API server takes its released images and no other, in whatever form they come. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from '#core/zod.ts';
import { imagePolicies } from '#lambdas/cluster-setup/image-policy.ts';
import { connect, type KubernetesApi } from '#local/kubernetes/api.ts';
import { cloud } from './cloud.ts';

const namespace = 'promotion--admission';
const elsewhere = 'promotion-elsewhere';
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const released = `${cloud.registry}/release/promotion/admission@${digest}`;
const containers = [{ name: 'app', image: released }];

function kubectl(args: readonly string[], object?: object): { ok: boolean; said: string } {
  const { kubectl: program, kubeconfig } = cloud.kubernetes;
  const input = object === undefined ? '' : JSON.stringify(object);
  const { status, stdout, stderr } = spawnSync(program, ['--kubeconfig', kubeconfig, ...args], {
    input,
    encoding: 'utf8',
  });
  return { ok: status === 0, said: `${stdout}${stderr}` };
}
const create = (object: object) => kubectl(['create', '--dry-run=server', '-f', '-'], object);
const pod = (spec: object, where = namespace) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'one', namespace: where },
  // No node has this label: it is stored and never run.
  spec: { containers, nodeSelector: { nowhere: 'at-all' }, ...spec },
});
const labels = { app: 'one' };
const template = (spec: object) => ({ metadata: { labels }, spec: { containers, ...spec } });
const workload = (apiVersion: string, kind: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name: 'one', namespace },
  spec,
});
const job = (spec: object) => ({ template: template({ restartPolicy: 'Never', ...spec }) });
const refusal = (image: string) =>
  `image "${image}" may not run in ${namespace}: here runs what was released for it, ${released.split('@')[0]}@sha256:<digest>. Have it built, approved and promoted.`;

describe('the admission of images', () => {
  let api: KubernetesApi;

  beforeAll(() => {
    api = connect(cloud.kubernetes.kubeconfig);
    for (const [name, own] of [
      [namespace, { 'getschwifty.dev/team': 'promotion', 'getschwifty.dev/environment': 'admission' }],
      [elsewhere, {}],
    ] as const) {
      const made = kubectl(['apply', '-f', '-'], {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: own },
      });
      expect(made.said).toContain(`namespace/${name}`);
    }
    const stored = kubectl(['apply', '-f', '-'], pod({}));
    expect(stored.said).toContain('pod/one');
  });
  afterAll(() => {
    api?.close();
    kubectl(['delete', 'namespace', namespace, elsewhere, '--wait=false']);
  });

  it('takes the released image of the environment itself, in every kind that makes pods', () => {
    for (const object of [
      pod({ initContainers: [{ name: 'init', image: released }] }),
      pod({ volumes: [{ name: 'v', image: { reference: released } }] }),
      workload('apps/v1', 'Deployment', { selector: { matchLabels: labels }, template: template({}) }),
      workload('batch/v1', 'Job', job({})),
      workload('batch/v1', 'CronJob', { schedule: '* * * * *', jobTemplate: { spec: job({}) } }),
    ])
      expect(create({ ...object, metadata: { ...object.metadata, name: 'another' } })).toMatchObject({
        ok: true,
      });
  });

  it.each([
    ['of somebody else', 'docker.io/library/nginx:1'],
    ['of another environment', released.replace('admission', 'other')],
    ['of another team', released.replace('promotion', 'other')],
    ['of the candidate repository', released.replace('/release/', '/candidate/')],
    ['by tag', released.replace(/@.*/, ':r-0123456789ab')],
    ['by tag and digest', released.replace('@', ':r-1@')],
    ['in a repository below', released.replace('@', '/below@')],
    ['with a digest that is none', released.slice(0, -1)],
    ['with more after its digest', `${released}0`],
    ['of a registry whose name ours begins', `evil.example/${released}`],
  ])('refuses an image %s', (_, image) => {
    const { ok, said } = create(pod({ containers: [{ name: 'app', image }] }));
    expect(said).toContain(refusal(image));
    expect(ok).toBe(false);
  });

  const evil = 'evil.example/image:1';
  it.each<[string, object]>([
    ['a second container', pod({ containers: [...containers, { name: 'b', image: evil }] })],
    ['an init container', pod({ initContainers: [{ name: 'init', image: evil }] })],
    ['an image volume', pod({ volumes: [{ name: 'v', image: { reference: evil } }] })],
    [
      'a Deployment',
      workload('apps/v1', 'Deployment', {
        selector: { matchLabels: labels },
        template: template({ containers: [{ name: 'app', image: evil }] }),
      }),
    ],
    [
      'a StatefulSet',
      workload('apps/v1', 'StatefulSet', {
        serviceName: 'one',
        selector: { matchLabels: labels },
        template: template({ initContainers: [{ name: 'init', image: evil }] }),
      }),
    ],
    [
      'a DaemonSet',
      workload('apps/v1', 'DaemonSet', {
        selector: { matchLabels: labels },
        template: template({ volumes: [{ name: 'v', image: { reference: evil } }] }),
      }),
    ],
    [
      'a ReplicaSet',
      workload('apps/v1', 'ReplicaSet', {
        selector: { matchLabels: labels },
        template: template({ containers: [{ name: 'app', image: evil }] }),
      }),
    ],
    [
      'a ReplicationController',
      workload('v1', 'ReplicationController', {
        template: template({ containers: [{ name: 'app', image: evil }] }),
      }),
    ],
    ['a Job', workload('batch/v1', 'Job', job({ containers: [{ name: 'app', image: evil }] }))],
    [
      'a CronJob',
      workload('batch/v1', 'CronJob', {
        schedule: '* * * * *',
        jobTemplate: { spec: job({ containers: [{ name: 'app', image: evil }] }) },
      }),
    ],
  ])('refuses it in %s', (_, object) => {
    const { ok, said } = create(object);
    expect(said).toContain(refusal(evil));
    expect(ok).toBe(false);
  });

  it('refuses it in a pod that runs already, and in an ephemeral container', async () => {
    const changed = kubectl([
      'set',
      'image',
      '--namespace',
      namespace,
      'pod/one',
      `app=${evil}`,
      '--dry-run=server',
    ]);
    expect(changed.said).toContain(refusal(evil));
    const path = `/api/v1/namespaces/${namespace}/pods/one`;
    const debug = (image: string) =>
      api.patch(`${path}/ephemeralcontainers?dryRun=All`, {
        spec: { ephemeralContainers: [{ name: 'debug', image }] },
      });
    await expect(debug(evil)).rejects.toThrow(/evil\.example\/image:1.*may not run in/);
    await debug(released);
  });

  it('leaves other namespaces alone', () => {
    expect(create(pod({ containers: [{ name: 'app', image: evil }] }, elsewhere))).toMatchObject({
      ok: true,
    });
  });

  it('is without a warning of the API server about its expressions', async () => {
    const Policy = z.object({
      spec: z.object({ failurePolicy: z.literal('Fail') }),
      status: z.object({
        typeChecking: z.optional(z.object({ expressionWarnings: z.optional(z.array(z.unknown())) })),
        observedGeneration: z.number(),
      }),
    });
    for (const { kind, metadata } of imagePolicies(cloud.registry, [])) {
      if (kind !== 'ValidatingAdmissionPolicy') continue;
      const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/${metadata.name}`;
      const { status } = await api.get(path, Policy);
      expect(status.typeChecking?.expressionWarnings ?? []).toEqual([]);
    }
  });
});
