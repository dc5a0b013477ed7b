/** What an environment with SSH has beside its application: restricted, with each secret in the one container that needs it. */
import { describe, expect, it } from 'vitest';
import { mergeApplied } from '#adapters/memory/server-side-apply.ts';
import { gateUser } from '#core/access.ts';
import { appUser } from '#core/app-user.ts';
import { LiveObject, planOf } from '#core/drift.ts';
import { desiredObjects } from '#core/rollout.ts';
import { Spec } from '#core/spec.ts';
import * as z from '#core/zod.ts';
import { Env } from '../../access/gate/env.ts';
import { digest, key, spec } from './samples.ts';

const image = `000000000000.dkr.ecr.us-east-1.amazonaws.com/release/checkout/web@${digest(1)}`;
const ssh = {
  image: `000000000000.dkr.ecr.us-east-1.amazonaws.com/assets@${digest(2)}`,
  url: 'http://10.96.0.10:8080',
  hostKeySecret: 'ssh-host-key-abc',
};
const wanted = Spec.parse({
  ...spec,
  replicas: { min: 1, max: 2 },
  resources: { cpu: 0.1, memoryMiB: 64 },
  access: { ssh: true, memoryMiB: 200 },
});
const cluster = { loadBalancerScheme: 'internal', kubernetesVersion: '1.36', drainSeconds: 5 } as const;
const common = { key, image, digest: digest(1), ...cluster };
const on = desiredObjects({ ...common, spec: wanted, ssh });
const off = desiredObjects({ ...common, spec });

const Mount = z.object({ name: z.string(), mountPath: z.string(), readOnly: z.optional(z.boolean()) });
const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  env: z.optional(z.array(z.object({ name: z.string(), value: z.string() }))),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }),
  }),
  securityContext: z.looseObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
    runAsUser: z.optional(z.int()),
  }),
  volumeMounts: z.array(Mount),
});
const Pod = z.object({
  spec: z.object({
    template: z.object({
      spec: z.looseObject({ initContainers: z.array(Container), containers: z.array(Container) }),
    }),
  }),
});
const atOnce = { preStop: { sleep: { seconds: 0 } } };
/** Seconds after its pod was. */
const Told = z.object({
  lifecycle: z._default(z.object({ preStop: z.object({ sleep: z.object({ seconds: z.int() }) }) }), atOnce),
});
const one = (kind: string, name?: string) => {
  const found = on.find(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  if (!found) throw new Error(`there is no ${kind}`);
  return found;
};
const { initContainers, containers } = Pod.parse(one('Deployment')).spec.template.spec;
const named = (name: string) => {
  const found = containers.find((container) => container.name === name);
  if (!found) throw new Error(`there is no container ${name}`);
  return found;
};
const mountersOf = (volume: string) =>
  [...initContainers, ...containers]
    .filter(({ volumeMounts }) => volumeMounts.some(({ name }) => name === volume))
    .map(({ name }) => name);

describe('who has what', () => {
  it("the server is the environment's own image, the gate and what is copied are ours", () => {
    expect(containers.map((container) => [container.name, container.image])).toEqual([
      ['app', image],
      ['ssh', image],
      ['ssh-gate', ssh.image],
    ]);
    expect(initContainers.map((container) => container.image)).toEqual([ssh.image]);
  });

  it('whoever logs in is not the gate, has not its token, and can not change what they log in by', () => {
    expect(named('ssh-gate').securityContext.runAsUser).toBe(gateUser);
    expect(gateUser).not.toBe(appUser);
    expect(named('ssh').securityContext.runAsUser).toBeUndefined();
    expect(mountersOf('ssh-token')).toEqual(['ssh-gate']);
    expect(mountersOf('ssh-host-key')).toEqual(['ssh']);
    for (const { name, readOnly } of named('ssh').volumeMounts)
      expect(readOnly === true).toBe(!['ssh-tmp', 'workspace'].includes(name));
    expect(JSON.stringify(one('Deployment'))).not.toContain('shareProcessNamespace');
  });

  it('the application shares the workspace, and nothing else of it', () => {
    expect(named('app').volumeMounts.map(({ name }) => name)).toEqual(['tmp', 'workspace']);
  });

  it('the gate is given what it asks for', () => {
    const given = Object.fromEntries((named('ssh-gate').env ?? []).map(({ name, value }) => [name, value]));
    expect(Env.safeParse(given).error).toBeUndefined();
  });

  it('each mount of a container has a name of its own: a look tells them apart by it', () => {
    for (const { volumeMounts } of containers)
      expect(new Set(volumeMounts.map(({ name }) => name)).size).toBe(volumeMounts.length);
  });

  it('the server is there for a moment after the gate was told to end, whatever drains', () => {
    const alone = { sizeGiB: 1, class: 'gp3', access: 'ReadWriteOnce' as const };
    const single = { ...wanted, replicas: { min: 1, max: 1 } };
    for (const [spec, gateSeconds] of [[wanted, 5] as const, [{ ...single, volume: alone }, 0] as const]) {
      const objects = desiredObjects({ ...common, spec, ssh, storageClass: 'gp3' });
      const found = Pod.parse(objects.find(({ kind }) => kind === 'Deployment')).spec.template.spec
        .containers;
      const told = new Map(
        found.map((each) => [each.name, Told.parse(each).lifecycle.preStop.sleep.seconds]),
      );
      expect(told.get('ssh-gate')).toBe(gateSeconds);
      expect(told.get('ssh')).toBeGreaterThan(gateSeconds);
    }
  });

  it('the gate sees who connects', () => {
    expect(one('Service')).toMatchObject({
      metadata: {
        annotations: {
          'service.beta.kubernetes.io/aws-load-balancer-target-group-attributes':
            'preserve_client_ip.enabled=true',
        },
      },
      spec: { externalTrafficPolicy: 'Local' },
    });
  });

  it('port 22 leads to the gate', () => {
    expect(one('Service')).toMatchObject({
      spec: { ports: [{ port: 80 }, { port: 22, targetPort: 'ssh' }] },
    });
    expect(named('ssh-gate')['ports']).toEqual([{ name: 'ssh', containerPort: 2222, protocol: 'TCP' }]);
  });
});

describe('how much', () => {
  it('each has its own limit, and the namespace holds all of them, thrice', () => {
    expect(containers.map(({ resources }) => resources.limits.memory)).toEqual(['64Mi', '200Mi', '96Mi']);
    expect(one('ResourceQuota')['spec']).toMatchObject({
      hard: { pods: '6', 'requests.cpu': '780m', 'limits.memory': '2160Mi', 'requests.memory': '2160Mi' },
    });
    expect(one('LimitRange')['spec']).toMatchObject({
      limits: [{ max: { memory: '200Mi' }, default: { memory: '64Mi' } }],
    });
  });
});

describe('a look', () => {
  const lived = (objects: typeof on, before: readonly LiveObject[] = []) =>
    objects.map((object) => {
      const known = before.find(
        ({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name,
      );
      return LiveObject.parse(mergeApplied(known, object));
    });

  it('at what was applied finds nothing to do', () => {
    expect(planOf(on, lived(on)).differences).toEqual([]);
    expect(planOf(off, lived(off)).differences).toEqual([]);
  });

  it('sees that SSH is to come and to go, where no field of ours differs but that', () => {
    expect(planOf(on, lived(off)).differences.join()).toMatch(/Deployment app.*Service app/);
    const gone = planOf(off, lived(on)).differences.join();
    expect(gone).toMatch(/Deployment app \(metadata.annotations.getschwifty.dev\/ssh\)/);
    expect(gone).toMatch(/Service app/);
  });
});

it('nothing of it is there without SSH', () => {
  expect(JSON.stringify(off)).not.toMatch(/ssh-|2222|workspace|initContainers/);
});
