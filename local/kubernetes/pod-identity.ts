/**
 * EKS Pod Identity, in the place of its agent: pods ask for credentials at the agent's address (node.sh leads it here)
 * with a token of their service account. The API server says whose it is, the cluster's associations say which role
 * that is, and STS gives a session of it, tagged as EKS tags it.
 * Source: Amazon EKS user guide, "Understand how EKS Pod Identity works", "List of session tags added by EKS Pod Identity".
 */
import {
  DescribePodIdentityAssociationCommand,
  type EKSClient,
  ListPodIdentityAssociationsCommand,
} from '@aws-sdk/client-eks';
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import * as z from '#core/zod.ts';
import type { KubernetesApi } from './api.ts';

export interface PodIdentityDeps {
  /** Undefined until a node is there. */
  readonly api: () => Pick<KubernetesApi, 'post'> | undefined;
  readonly eks: EKSClient;
  readonly sts: STSClient;
  readonly clusterName: string;
  readonly log: (message: string) => void;
}

const audience = 'pods.eks.amazonaws.com';

/** What is answered as the agent answers it: a status, and why. */
class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function podIdentityHandler(deps: PodIdentityDeps): (request: Request) => Promise<Response> {
  return async (request) => {
    try {
      return Response.json(await credentialsFor(request.headers.get('authorization') ?? '', deps));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      deps.log(`no credentials: ${message}`);
      return Response.json({ message }, { status: error instanceof Refused ? error.status : 500 });
    }
  };
}

async function credentialsFor(token: string, deps: PodIdentityDeps): Promise<Record<string, unknown>> {
  const { eks, sts, clusterName } = deps;
  const { namespace, serviceAccount, pod, uid } = await podOf(token, deps);
  const listed = await eks.send(
    new ListPodIdentityAssociationsCommand({ clusterName, namespace, serviceAccount }),
  );
  const associationId = listed.associations?.[0]?.associationId;
  if (associationId === undefined)
    throw new Refused(404, `no pod identity association for ${namespace}/${serviceAccount}`);
  const { association } = await eks.send(
    new DescribePodIdentityAssociationCommand({ clusterName, associationId }),
  );
  const tags = {
    'eks-cluster-arn': association?.associationArn?.replace(
      /:podidentityassociation\/.*$/,
      `:cluster/${clusterName}`,
    ),
    'eks-cluster-name': clusterName,
    'kubernetes-namespace': namespace,
    'kubernetes-service-account': serviceAccount,
    'kubernetes-pod-name': pod,
    'kubernetes-pod-uid': uid,
  };
  const { Credentials: session } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: association?.roleArn,
      RoleSessionName: `eks-${clusterName}-${pod}`.slice(0, 64),
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      TransitiveTagKeys: Object.keys(tags),
    }),
  );
  if (session?.Expiration === undefined) throw new Error(`STS gave no session of ${association?.roleArn}`);
  deps.log(`${namespace}/${pod} is ${association?.roleArn}`);
  return {
    AccessKeyId: session.AccessKeyId,
    SecretAccessKey: session.SecretAccessKey,
    Token: session.SessionToken,
    Expiration: session.Expiration.toISOString(),
  };
}

const Review = z.object({
  status: z.object({
    authenticated: z._default(z.boolean(), false),
    audiences: z._default(z.array(z.string()), []),
    error: z.optional(z.string()),
    user: z.optional(
      z.object({
        username: z._default(z.string(), ''),
        extra: z._default(z.record(z.string(), z.array(z.string())), {}),
      }),
    ),
  }),
});

interface Pod {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: string;
  readonly uid: string;
}

/** A token that was made for another audience, or for no pod, is not one of Pod Identity. */
async function podOf(token: string, { api }: PodIdentityDeps): Promise<Pod> {
  const connected = api();
  if (connected === undefined) throw new Refused(503, 'no node is there yet');
  if (token === '') throw new Refused(400, 'the header Authorization is missing');
  const review = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [audience] },
  };
  const { status } = await connected.post('/apis/authentication.k8s.io/v1/tokenreviews', review, Review);
  const [, , namespace, serviceAccount] = status.user?.username.split(':') ?? [];
  const of = (name: string) => status.user?.extra[`authentication.kubernetes.io/${name}`]?.[0];
  const [pod, uid] = [of('pod-name'), of('pod-uid')];
  if (
    !status.authenticated ||
    !status.audiences.includes(audience) ||
    !namespace ||
    !serviceAccount ||
    !pod ||
    !uid
  )
    throw new Refused(
      400,
      `the token is not one of a pod for ${audience}: ${status.error ?? 'another audience'}`,
    );
  return { namespace, serviceAccount, pod, uid };
}

/**
 * On EKS a pod's SDK finds AWS by its region. Here a pod that is to have credentials is told where AWS is, by a policy
 * that the API server evaluates itself.
 */
export async function leadPodsToAws(api: KubernetesApi, endpoint: string): Promise<void> {
  const name = 'local-aws-endpoint';
  const group = 'admissionregistration.k8s.io/v1';
  // Its other containers get nothing of it, as on EKS.
  const withIdentity = "c, has(c.env) && c.env.exists(e, e.name == 'AWS_CONTAINER_CREDENTIALS_FULL_URI')";
  const hasIdentity = `object.spec.containers.exists(${withIdentity})`;
  const env = `[Object.spec.containers.env{name: 'AWS_ENDPOINT_URL', value: '${endpoint}'}]`;
  const expression = `Object{spec: Object.spec{containers: object.spec.containers.filter(${withIdentity}).map(c, Object.spec.containers{name: c.name, env: ${env}})}}`;
  await api.apply(`/apis/${group}/mutatingadmissionpolicies/${name}`, {
    apiVersion: group,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
        ],
      },
      matchConditions: [{ name: 'has-identity', expression: hasIdentity }],
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    },
  });
  await api.apply(`/apis/${group}/mutatingadmissionpolicybindings/${name}`, {
    apiVersion: group,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name },
  });
}
