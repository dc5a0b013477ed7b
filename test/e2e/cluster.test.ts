/** The cluster lets in who its access entries name, as far as their groups reach, and nobody else. */
import { afterAll, describe, expect, it } from 'vitest';
import { EnvironmentKey, namespaceOf } from '#core/names.ts';
import { appName, desiredObjects } from '#core/rollout.ts';
import * as z from '#core/zod.ts';
import { clusterFieldsContract } from '../contracts/cluster-fields.ts';
import { digestOf, spec } from '../contracts/samples.ts';
import { output } from './cloud.ts';
import { clusterClientOf, kubectl, kubectlCreate } from './kubectl.ts';

const key = EnvironmentKey.parse({ team: 'checkout', name: 'nobody' });

describe('the cluster', () => {
  it('lets the deployer look', async () => {
    const client = await clusterClientOf(output('DeployMainFunctionName'));
    expect(await client.look(key)).toMatchObject({ deployment: undefined, pods: [], objects: [] });
  });

  it('lets the deployer do no more than its group may', async () => {
    const client = await clusterClientOf(output('DeployMainFunctionName'));
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'mine', labels: {} },
      rules: [],
    };
    await expect(client.apply([role])).rejects.toThrow(/\(403\): .*cannot patch resource "clusterroles"/);
  });

  it("refuses another role's token", async () => {
    const client = await clusterClientOf(output('GateFunctionName'));
    await expect(client.look(key)).rejects.toThrow(/\(401\)/);
  });

  it('refuses a token that was made for another cluster', async () => {
    const client = await clusterClientOf(output('DeployMainFunctionName'), 'other');
    await expect(client.look(key)).rejects.toThrow(/\(401\)/);
  });
});

/** As the AWS Load Balancer Controller says it, where an account has no room for one more. */
const full =
  'Failed deploy model due to TooManyLoadBalancers: The maximum number of load balancers has been reached';

it('tells the deployer why a Service has no load balancer', async ({ onTestFinished }) => {
  const warned = EnvironmentKey.parse({ team: 'checkout', name: `w-${Date.now().toString(36).slice(-6)}` });
  const home = namespaceOf(warned);
  const client = await clusterClientOf(output('DeployMainFunctionName'));
  const digest = digestOf('none');
  const image = `000000000000.dkr.ecr.us-east-1.amazonaws.com/release/checkout/${warned.name}@${digest}`;
  const place = { loadBalancerScheme: 'internal', kubernetesVersion: '1.36', drainSeconds: 5 } as const;
  const objects = desiredObjects({ key: warned, spec, image, digest, ...place }).flatMap((object) => {
    if (object.kind === 'Namespace') return [object];
    // Whose controller nobody runs.
    const Spec = z.looseObject({ loadBalancerClass: z.string() });
    if (object.kind !== 'Service') return [];
    return [{ ...object, spec: { ...Spec.parse(object['spec']), loadBalancerClass: 'nobody.example/none' } }];
  });
  onTestFinished(async () => {
    await kubectl('delete', 'namespace', home, '--wait=false');
  });
  await client.apply(objects);
  expect((await client.look(warned)).warnings).toEqual([]);
  for (const [type, name, message] of [
    ['Warning', appName, full],
    ['Normal', appName, 'Ensuring load balancer'],
    ['Warning', 'other', 'nothing of ours'],
  ]) {
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: 'e-', namespace: home },
      involvedObject: { kind: 'Service', namespace: home, name },
      ...{ type, message, reason: 'FailedDeployModel', lastTimestamp: new Date().toISOString() },
    };
    await kubectlCreate(event);
  }
  const { warnings } = await client.look(warned);
  expect(warnings).toMatchObject([{ reason: 'FailedDeployModel', message: full }]);
});

/** Of its own each time: a namespace takes a while to go. */
const run = `n${Date.now().toString(36)}`;
const namespace = `contract--${run}`;
afterAll(() => kubectl('delete', 'namespace', namespace, '--wait=false'));

clusterFieldsContract('KubernetesClient', run, async () => ({
  cluster: await clusterClientOf(output('DeployMainFunctionName')),
  edit: async (_, kind, name, patch) => {
    await kubectl('--namespace', namespace, 'patch', kind, name, '--patch', JSON.stringify(patch));
  },
  delete: async (_, kind, name) => {
    await kubectl('--namespace', namespace, 'delete', kind, name);
  },
}));
