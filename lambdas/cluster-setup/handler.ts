/**
 * Entry of the custom resource that gives a cluster our roles. It answers to the presigned URL of CloudFormation's
 * request. Source: AWS CloudFormation user guide, "Custom resource request and response reference".
 */
import * as z from 'zod';
import { eksToken } from '#adapters/aws/eks-token.ts';
import { KubernetesClient } from '#adapters/kubernetes/client.ts';
import { parse } from '#core/errors.ts';
import { readEnv } from '../runtime/environment.ts';
import { log } from '../runtime/log.ts';
import { Env } from './env.ts';
import { clusterRoles } from './roles.ts';

const Request = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
});

const env = readEnv(Env);
const cluster = new KubernetesClient({
  endpoint: env.CLUSTER_ENDPOINT,
  ca: env.CLUSTER_CA,
  token: () => eksToken(env.CLUSTER_NAME),
});

/** An access entry takes a while to be known everywhere: tried again for most of the function's time. */
const attempts = 12;
const pauseMs = 5_000;

export const handler = async (event: unknown): Promise<void> => {
  const request = parse(Request, event, "CloudFormation's request");
  const failure = request.RequestType === 'Delete' ? undefined : await setUp(attempts);
  const { StackId, RequestId, LogicalResourceId } = request;
  const answer = {
    Status: failure === undefined ? 'SUCCESS' : 'FAILED',
    Reason: failure ?? 'The roles are there.',
    PhysicalResourceId: `getschwifty-roles-${env.CLUSTER_NAME}`,
    StackId,
    RequestId,
    LogicalResourceId,
  };
  // The URL may be signed for an empty content type, as CDK's own handlers send it.
  const headers = { 'content-type': '' };
  const sent = await fetch(request.ResponseURL, { method: 'PUT', headers, body: JSON.stringify(answer) });
  if (!sent.ok)
    throw new Error(`CloudFormation did not take the answer: ${sent.status} ${await sent.text()}`);
};

/** With the cluster the roles go too: nothing to do on delete. @returns why it failed, if it did. */
async function setUp(left: number): Promise<string | undefined> {
  try {
    await cluster.apply(clusterRoles);
    return undefined;
  } catch (error) {
    log.error('the roles were not applied', error, { left });
    if (left <= 1) return error instanceof Error ? error.message : String(error);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    return setUp(left - 1);
  }
}
