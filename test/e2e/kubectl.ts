/** The local cluster, as a person with kubectl has it; and as the deployer's own role has it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { eksToken } from '#adapters/aws/eks-token.ts';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { access, cloud } from './cloud.ts';
import { sessionOf } from './session.ts';

const run = promisify(execFile);
const clusterName = 'main';

export async function kubectl(...args: string[]): Promise<string> {
  const { stdout } = await run(cloud.kubernetes.kubectl, [
    '--kubeconfig',
    cloud.kubernetes.kubeconfig,
    ...args,
  ]);
  return stdout;
}

/** Makes an object, of whose name or a part of it the server may think. */
export async function kubectlCreate(object: object, ...options: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'object-'));
  try {
    const file = join(folder, 'object.json');
    writeFileSync(file, JSON.stringify(object));
    await kubectl('create', '--filename', file, ...options);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The cluster's client with the token of a function's role, made for the cluster of that name. */
export async function clusterClientOf(functionName: string, named = clusterName): Promise<KubernetesClient> {
  const { cluster } = await new EKSClient(access.sdk).send(new DescribeClusterCommand({ name: clusterName }));
  const sts = await sessionOf(functionName);
  return new KubernetesClient({
    endpoint: cluster?.endpoint ?? '',
    ca: cluster?.certificateAuthority?.data ?? '',
    token: () => eksToken(named, sts),
  });
}
