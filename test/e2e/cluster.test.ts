/** The cluster lets in who its access entries name, as far as their groups reach, and nobody else. */
import { afterAll, describe, expect, it } from 'vitest';
import { EnvironmentKey } from '#core/names.ts';
import { clusterFieldsContract } from '../contracts/cluster-fields.ts';
import { output } from './cloud.ts';
import { clusterClientOf, kubectl } from './kubectl.ts';

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
