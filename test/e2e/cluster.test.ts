/** The cluster lets in who its access entries name, as far as their groups reach, and nobody else. */
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { beforeAll, describe, expect, it } from 'vitest';
import { eksToken } from '#adapters/aws/eks-token.ts';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { EnvironmentKey } from '#core/names.ts';
import { access, output } from './cloud.ts';
import { sessionOf } from './session.ts';

const clusterName = 'main';
const key = EnvironmentKey.parse({ team: 'checkout', name: 'nobody' });

describe('the cluster', () => {
  let endpoint = '';
  let ca = '';

  beforeAll(async () => {
    const { cluster } = await new EKSClient(access.sdk).send(
      new DescribeClusterCommand({ name: clusterName }),
    );
    endpoint = cluster?.endpoint ?? '';
    ca = cluster?.certificateAuthority?.data ?? '';
  });

  const clientOf = async (functionName: string, named = clusterName) => {
    const sts = await sessionOf(functionName);
    return new KubernetesClient({ endpoint, ca, token: () => eksToken(named, sts) });
  };

  it('lets the deployer look', async () => {
    const client = await clientOf(output('DeployMainFunctionName'));
    expect(await client.look(key)).toEqual({ deployment: undefined, service: undefined, pods: [] });
  });

  it('lets the deployer do no more than its group may', async () => {
    const client = await clientOf(output('DeployMainFunctionName'));
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'mine', labels: {} },
      rules: [],
    };
    await expect(client.apply([role])).rejects.toThrow(/\(403\): .*cannot patch resource "clusterroles"/);
  });

  it("refuses another role's token", async () => {
    const client = await clientOf(output('GateFunctionName'));
    await expect(client.look(key)).rejects.toThrow(/\(401\)/);
  });

  it('refuses a token that was made for another cluster', async () => {
    const client = await clientOf(output('DeployMainFunctionName'), 'other');
    await expect(client.look(key)).rejects.toThrow(/\(401\)/);
  });
});
