/**
 * The bearer token for an EKS cluster: a presigned STS GetCallerIdentity URL that names the cluster in a signed header,
 * made offline. Source: kubernetes-sigs/aws-iam-authenticator, "API authorization from outside a cluster".
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';

/** The authenticator takes URLs of at most 15 minutes; this much is enough for the request that follows. */
const lifetimeSeconds = 60;

export async function eksToken(clusterName: string, client: STSClient = new STSClient({})): Promise<string> {
  const endpoint = await endpointOf(client);
  const signer = new SignatureV4({
    service: 'sts',
    region: client.config.region,
    credentials: client.config.credentials,
    sha256: Sha256,
  });
  const request = {
    method: 'GET',
    protocol: endpoint.protocol,
    hostname: endpoint.hostname,
    ...(endpoint.port ? { port: Number(endpoint.port) } : {}),
    path: '/',
    query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    headers: { host: endpoint.host, 'x-k8s-aws-id': clusterName },
  };
  const signed = await signer.presign(request, {
    expiresIn: lifetimeSeconds,
    unhoistableHeaders: new Set(['x-k8s-aws-id']),
    signableHeaders: new Set(['host', 'x-k8s-aws-id']),
  });
  const query = new URLSearchParams(
    Object.entries(signed.query ?? {}).map(([key, value]): [string, string] => [key, String(value)]),
  );
  return `k8s-aws-v1.${Buffer.from(`${endpoint.origin}/?${query}`).toString('base64url')}`;
}

/** Where the SDK would send the call, asked of the SDK itself, which is stopped before it sends anything. */
async function endpointOf(client: STSClient): Promise<URL> {
  const command = new GetCallerIdentityCommand({});
  let endpoint: URL | undefined;
  command.middlewareStack.add(
    () => async (args) => {
      const { request } = args;
      if (isRequest(request)) {
        endpoint = new URL(
          `${request.protocol}//${request.hostname}${request.port ? `:${request.port}` : ''}`,
        );
      }
      return { response: {}, output: { $metadata: {} } };
    },
    { step: 'build', name: 'stopBeforeSending', priority: 'low' },
  );
  await client.send(command);
  if (!endpoint) throw new Error('The STS client did not say where it would send GetCallerIdentity.');
  return endpoint;
}

interface Addressed {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
}
const isRequest = (value: unknown): value is Addressed =>
  typeof value === 'object' && value !== null && 'hostname' in value && 'protocol' in value;
