/** What a data job has in its cluster: its pods hold to `restricted`, and nothing of ours is where its command is. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Priority, priorities } from '#core/jobs/priority.ts';
import { houseObjects, slotJob } from '#core/jobs/slot-objects.ts';
import type { KubernetesObject } from '#core/labels.ts';
import * as z from '#core/zod.ts';
import { place, wantedSlots } from './slot-samples.ts';

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a read-only root. */
const Container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.optional(z.array(z.string())),
  env: z.optional(z.array(z.strictObject({ name: z.string(), value: z.string() }))),
  resources: z.object({
    limits: z.object({ memory: z.string() }),
    requests: z.looseObject({ memory: z.string() }),
  }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
    runAsUser: z.int().check(z.positive()),
    runAsGroup: z.int().check(z.positive()),
  }),
  volumeMounts: z.array(
    z.object({ name: z.string(), mountPath: z.string(), readOnly: z.optional(z.boolean()) }),
  ),
});
const PodSpec = z.looseObject({
  restartPolicy: z.literal('Never'),
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  shareProcessNamespace: z.literal(false),
  hostNetwork: z.optional(z.undefined()),
  hostPID: z.optional(z.undefined()),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  initContainers: z.array(Container),
  containers: z.array(Container),
  volumes: z.array(
    z.union([
      z.strictObject({ name: z.string(), emptyDir: z.strictObject({ sizeLimit: z.string() }) }),
      z.strictObject({ name: z.string(), configMap: z.looseObject({}) }),
      z.strictObject({ name: z.string(), projected: z.looseObject({}) }),
    ]),
  ),
});
const Job = z.object({
  spec: z.object({
    backoffLimit: z.literal(0),
    parallelism: z.literal(1),
    completions: z.literal(1),
    ttlSecondsAfterFinished: z.int(),
    template: z.object({
      metadata: z.object({ annotations: z.record(z.string(), z.string()) }),
      spec: PodSpec,
    }),
  }),
});

const podOf = (job: KubernetesObject) => Job.parse(job).spec.template;
const any = fc.record({
  slots: fc.integer({ min: 0, max: 1000 }),
  spot: fc.boolean(),
  nodePool: fc.option(fc.constantFrom('gpu', 'general-purpose'), { nil: undefined }),
  resources: fc.record({
    cpu: fc.constantFrom(0.1, 1, 7.5),
    memoryMiB: fc.integer({ min: 16, max: 65_536 }),
  }),
});
const kinds = (objects: readonly KubernetesObject[]) => objects.map(({ kind }) => kind);

it('whatever is asked, the command’s container has nothing that could tell who we are', () => {
  fc.assert(
    fc.property(any, fc.nat(999), (more, slot) => {
      const { metadata, spec } = podOf(slotJob(wantedSlots(more), place, slot, 0));
      const [worker, command] = spec.containers;
      expect(spec.containers.map(({ name }) => name)).toEqual(['worker', 'command']);
      expect(command?.env).toBeUndefined();
      expect(command?.volumeMounts).toEqual([
        { name: 'slot', mountPath: '/getschwifty/slot', readOnly: true },
        { name: 'tmp', mountPath: '/tmp' },
      ]);
      expect(command?.securityContext.runAsUser).not.toBe(worker?.securityContext.runAsUser);
      // The webhook of EKS would give it the token otherwise.
      expect(metadata.annotations['eks.amazonaws.com/skip-containers']?.split(',')).toContain('command');
      const tokens = spec.volumes.filter((volume) => 'projected' in volume).map(({ name }) => name);
      const holders = [...spec.initContainers, ...spec.containers].filter(({ volumeMounts }) =>
        volumeMounts.some(({ name }) => tokens.includes(name)),
      );
      expect(holders.map(({ name }) => name)).toEqual(['worker']);
    }),
  );
});

it('where chunks are files, both see their folder, the command without a way to write, and the node has room for one', () => {
  const { spec: told } = wantedSlots();
  const wanted = wantedSlots({ spec: { ...told, file: { name: 'chunk', maxMiB: 300 } } });
  const { containers, volumes } = podOf(slotJob(wanted, place, 0, 0)).spec;
  const [worker, command] = containers;
  const mountOf = (container: typeof worker) => container?.volumeMounts.find(({ name }) => name === 'chunk');
  expect(mountOf(worker)).toEqual({ name: 'chunk', mountPath: '/getschwifty/chunk' });
  expect(mountOf(command)).toEqual({ name: 'chunk', mountPath: '/getschwifty/chunk', readOnly: true });
  expect(worker?.env).toContainEqual({ name: 'CHUNK_FOLDER', value: '/getschwifty/chunk' });
  expect(worker?.resources.requests).toMatchObject({ 'ephemeral-storage': '300Mi' });
  expect(volumes).toContainEqual({ name: 'chunk', emptyDir: { sizeLimit: '301Mi' } });
});

it('memory is asked for as it is limited, and the quota has room for each slot and no more', () => {
  const mebibytes = (text: string) => {
    const [, amount = '', unit = 'Mi'] = /^(\d+)(Mi|Gi|Ti|Pi)$/.exec(text) ?? [];
    return Number(amount) * 1024 ** ['Mi', 'Gi', 'Ti', 'Pi'].indexOf(unit);
  };
  fc.assert(
    fc.property(any, (more) => {
      const wanted = wantedSlots(more);
      const { containers } = podOf(slotJob(wanted, place, 0, 0)).spec;
      for (const { resources } of containers) expect(resources.requests.memory).toBe(resources.limits.memory);
      const ofPod = containers.reduce((sum, { resources }) => sum + mebibytes(resources.limits.memory), 0);
      const Quota = z.object({ spec: z.object({ hard: z.record(z.string(), z.string()) }) });
      const quota = houseObjects(wanted, place).find(({ kind }) => kind === 'ResourceQuota');
      const { hard } = Quota.parse(quota).spec;
      expect(mebibytes(hard['limits.memory'] ?? '')).toBe(ofPod * wanted.slots);
      expect(hard['pods']).toBe(String(wanted.slots));
    }),
  );
});

it('a closed namespace comes before all that is in it', () => {
  const objects = houseObjects(wantedSlots(), place);
  expect(kinds(objects)).toEqual([
    'Namespace',
    'ResourceQuota',
    'LimitRange',
    'NetworkPolicy',
    'NetworkPolicy',
    'NetworkPolicy',
    'NetworkPolicy',
    'ServiceAccount',
    'ConfigMap',
  ]);
  expect(objects[0]?.metadata.labels).toMatchObject({
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/enforce-version': 'v1.36',
  });
  for (const { metadata } of objects.slice(1)) expect(metadata.namespace).toBe('job-0123456789abcdef');
});

it('pods reach names, AWS and their identity: no metadata address, no private one, and nobody reaches them', () => {
  const Policy = z.object({
    spec: z.object({
      policyTypes: z.array(z.string()),
      ingress: z.optional(z.array(z.unknown())),
      egress: z.array(
        z.object({
          to: z.array(z.strictObject({ ipBlock: z.strictObject({ cidr: z.string() }) })),
          ports: z.array(z.object({ port: z.int() })),
        }),
      ),
    }),
  });
  const policies = houseObjects(wantedSlots(), place).filter(({ kind }) => kind === 'NetworkPolicy');
  const rules = policies.map((policy) => Policy.parse(policy).spec);
  expect(rules[0]).toMatchObject({ policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] });
  expect(rules.flatMap(({ ingress }) => ingress ?? [])).toEqual([]);
  const open = rules.flatMap(({ egress }) =>
    egress.flatMap(({ to, ports }) => to.map(({ ipBlock }) => [ipBlock.cidr, ports.map(({ port }) => port)])),
  );
  const linkLocal = open.filter(([cidr]) => String(cidr).startsWith('169.254'));
  expect(linkLocal).toEqual([['169.254.170.23/32', [80]]]);
  const isPrivate = (cidr: unknown) => /^(10|172\.16|192\.168|100\.64)\./.test(String(cidr));
  for (const [cidr, ports] of open) if (isPrivate(cidr)) expect(ports).toEqual([53, 53]);
});

it('endpoints at private addresses are let through where a cluster has them', () => {
  const with_ = { ...place, endpoints: [{ cidr: '10.9.0.0/24', port: 4566 }] };
  expect(JSON.stringify(houseObjects(wantedSlots(), with_))).toContain('"cidr":"10.9.0.0/24"');
  expect(JSON.stringify(houseObjects(wantedSlots(), place))).not.toContain('10.9.0.0/24');
});

it('spot nodes are preferred where they may be, and kept out where not', () => {
  const on = (spot: boolean) => JSON.stringify(podOf(slotJob(wantedSlots({ spot }), place, 0, 0)).spec);
  expect(on(true)).toContain('preferredDuringScheduling');
  expect(on(true)).toContain('"tolerations"');
  expect(on(false)).toContain('"operator":"NotIn","values":["spot"]');
  expect(on(false)).not.toContain('"tolerations"');
  const text = (priority: Priority) => JSON.stringify(slotJob(wantedSlots({ priority }), place, 0, 0));
  for (const priority of priorities)
    expect(text(priority)).toContain(`"priorityClassName":"getschwifty-job-${priority}"`);
  expect(JSON.stringify(slotJob(wantedSlots({ nodePool: 'big' }), place, 0, 0))).toContain(
    '"karpenter.sh/nodepool":"big"',
  );
});

it('without an image of its own the command runs in the worker’s', () => {
  const { image, ...wanted } = wantedSlots();
  expect(image).toBeDefined();
  expect(podOf(slotJob(wanted, place, 0, 0)).spec.containers.map(({ image: its }) => its)).toEqual([
    place.workerImage,
    place.workerImage,
  ]);
});
