/**
 * Answers the API server's question whose a bearer token is, in the place of EKS: STS tells the role that signed
 * it for this cluster, and the cluster's access entries tell what that role is in Kubernetes.
 */
import * as z from '#core/zod.ts';
import type { AccessEntry, FindAccessEntry } from './access-entries.ts';
import { clusterHeader, readToken, TokenRefused } from './eks-token.ts';

export interface TokenReviewDeps {
  readonly clusterName: string;
  /** The only place where a token's URL may lead. */
  readonly stsEndpoint: string;
  readonly findAccessEntry: FindAccessEntry;
  readonly fetch: typeof fetch;
  readonly now: () => Date;
  readonly log: (message: string) => void;
}

interface KubernetesUser {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

const requestSchema = z.object({
  apiVersion: z.literal('authentication.k8s.io/v1'),
  kind: z.literal('TokenReview'),
  spec: z.object({ token: z.string() }),
});

/** The webhook (`--authentication-token-webhook-config-file`): TokenReview in, TokenReview out. */
export function tokenReviewHandler(deps: TokenReviewDeps): (request: Request) => Promise<Response> {
  return async (request) => {
    const review = requestSchema.safeParse(await request.json().catch(() => undefined));
    if (!review.success)
      return Response.json({ error: `not a TokenReview: ${z.prettifyError(review.error)}` }, { status: 400 });
    const { apiVersion, kind, spec } = review.data;
    const answer = (status: object): Response => Response.json({ apiVersion, kind, status });
    try {
      const user = await reviewToken(spec.token, deps);
      return answer({ authenticated: true, user });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof TokenRefused) {
        deps.log(`token refused: ${reason}`);
        return answer({ authenticated: false, error: reason });
      }
      deps.log(`token not reviewed: ${reason}`);
      return Response.json({ error: reason }, { status: 500 });
    }
  };
}

/** @throws TokenRefused with the reason. */
export async function reviewToken(token: string, deps: TokenReviewDeps): Promise<KubernetesUser> {
  const url = readToken(token, deps.stsEndpoint, deps.now());
  const caller = await callerIdentity(url, deps);
  const principal = principalOf(caller.arn);
  const entry = await deps.findAccessEntry(principal.matches);
  if (entry === undefined)
    throw new TokenRefused(`${caller.arn} has no access entry in the cluster ${deps.clusterName}`);
  const template = entry.username === '' ? principal.defaultUsername : entry.username;
  return {
    username: template.replaceAll('{{SessionName}}', principal.session.replaceAll('@', '-')),
    uid: `aws-iam-authenticator:${caller.account}:${caller.userId.split(':')[0]}`,
    groups: groupsOf(entry, deps.log),
    extra: {
      arn: [caller.arn],
      accessKeyId: [(url.searchParams.get('X-Amz-Credential') ?? '').split('/')[0] ?? ''],
      sessionName: [principal.session],
    },
  };
}

interface Caller {
  readonly arn: string;
  readonly account: string;
  readonly userId: string;
}

/** The signature holds only with the cluster name that was signed: another cluster's token fails here. */
async function callerIdentity(url: URL, deps: TokenReviewDeps): Promise<Caller> {
  // The emulator checks signatures only while it evaluates IAM: without that every token would be good.
  const control = await askSts(url, `not-${deps.clusterName}`, deps);
  if (control.ok)
    throw new Error('STS accepts a wrong signature: turn on the IAM evaluation of the emulator');
  const response = await askSts(url, deps.clusterName, deps);
  const body = await response.text();
  if (!response.ok) {
    const reason = element(body, 'Code') ?? 'no reason given';
    throw new TokenRefused(
      `STS refused the token for the cluster ${deps.clusterName}: ${response.status} ${reason}`,
    );
  }
  const [arn, account, userId] = ['Arn', 'Account', 'UserId'].map((name) => element(body, name));
  if (arn === undefined || account === undefined || userId === undefined)
    throw new Error(`STS answered without an identity: ${body.slice(0, 300)}`);
  return { arn, account, userId };
}

const askSts = (url: URL, clusterName: string, { fetch }: TokenReviewDeps): Promise<Response> =>
  fetch(url, { headers: { [clusterHeader]: clusterName }, redirect: 'manual' });

const element = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];

interface Principal {
  readonly matches: (entryArn: string) => boolean;
  readonly defaultUsername: string;
  readonly session: string;
}

/** A session's ARN does not have its role's path, an access entry's may: they are matched by the role's name. */
function principalOf(callerArn: string): Principal {
  const session = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\/([^/]+)$/.exec(callerArn);
  if (session === null)
    return { matches: (arn) => arn === callerArn, defaultUsername: callerArn, session: '' };
  const [, partition, account, role, name = ''] = session;
  return {
    matches: (arn) =>
      arn.startsWith(`arn:${partition}:iam::${account}:role/`) &&
      arn.slice(arn.lastIndexOf('/') + 1) === role,
    defaultUsername: `arn:${partition}:sts::${account}:assumed-role/${role}/{{SessionName}}`,
    session: name,
  };
}

/** EKS has an authorizer for its access policies; here only the administrator's has a counterpart. */
function groupsOf({ groups, policies }: AccessEntry, log: (message: string) => void): string[] {
  const isAdministrator = policies.some(
    ({ arn, scope }) => arn.endsWith('/AmazonEKSClusterAdminPolicy') && scope === 'cluster',
  );
  for (const { arn, scope } of policies)
    if (!(isAdministrator || arn.endsWith('/AmazonEKSClusterAdminPolicy')))
      log(`access policy ${arn} (scope ${scope}) has no effect in the local cloud: use Kubernetes groups`);
  return isAdministrator ? [...groups, 'system:masters'] : [...groups];
}
