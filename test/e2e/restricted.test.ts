/** In an environment's namespace the API server takes the pod that a rollout makes, and none that may do more. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EnvironmentKey, namespaceOf } from '#core/names.ts';
import { desiredObjects } from '#core/rollout.ts';
import * as z from '#core/zod.ts';
import { digestOf, spec } from '../contracts/samples.ts';
import { cloud, output } from './cloud.ts';
import { clusterClientOf, kubectl, kubectlCreate } from './kubectl.ts';

const name = `r${Date.now().toString(36).slice(-6)}`;
const key = EnvironmentKey.parse({ team: 'checkout', name });
const digest = digestOf('none');
const objects = desiredObjects({
  ...{ key, spec, digest, image: `${cloud.registry}/release/checkout/${name}@${digest}` },
  ...{ loadBalancerScheme: 'internal', kubernetesVersion: '1.36', drainSeconds: 5 },
});
const Container = z.looseObject({ securityContext: z.looseObject({}) });
const Deployment = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ securityContext: z.looseObject({}), containers: z.array(Container) }),
    }),
  }),
});
type PodSpec = z.infer<typeof Deployment>['spec']['template']['spec'];

const ours = Deployment.parse(objects.find(({ kind }) => kind === 'Deployment')).spec.template.spec;
/** As the Deployment's controller would make it; no node has the label, and nothing is kept of it. */
const pod = (change: (of: PodSpec) => object) => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one', namespace: namespaceOf(key) } },
  spec: { ...ours, nodeSelector: { nowhere: 'at-all' }, ...change(ours) },
});
const secured = (context: object) => (of: PodSpec) => ({
  containers: of.containers.map((one) => ({
    ...one,
    securityContext: { ...one.securityContext, ...context },
  })),
});

beforeAll(async () => {
  // All else that its pod wants to be there.
  const client = await clusterClientOf(output('DeployMainFunctionName'));
  await client.apply(objects.filter(({ kind }) => kind !== 'Deployment' && kind !== 'Service'));
});
afterAll(() => kubectl('delete', 'namespace', namespaceOf(key), '--wait=false'));

it('takes the pod of a rollout', async () => {
  await kubectlCreate(
    pod(() => ({})),
    '--dry-run=server',
  );
});

it.each<[string, (of: PodSpec) => object]>([
  ['is privileged', secured({ privileged: true, allowPrivilegeEscalation: true })],
  ['may become more than it is', secured({ allowPrivilegeEscalation: true })],
  ['runs as root', secured({ runAsUser: 0 })],
  ['has a capability', secured({ capabilities: { drop: ['ALL'], add: ['NET_RAW'] } })],
  ['has no seccomp profile', secured({ seccompProfile: { type: 'Unconfined' } })],
  ["has the node's network", () => ({ hostNetwork: true })],
  ["sees the node's processes", () => ({ hostPID: true })],
  [
    "has one of the node's folders",
    ({ volumes = [] }) => ({
      volumes: [...z.array(z.unknown()).parse(volumes), { name: 'etc', hostPath: { path: '/etc' } }],
    }),
  ],
])('refuses a pod that %s', async (_, change) => {
  await expect(kubectlCreate(pod(change), '--dry-run=server')).rejects.toThrow(
    /violates PodSecurity "restricted:v1\.36"/,
  );
});
