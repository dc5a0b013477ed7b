import { describe, expect, it } from 'vitest';
import type { AccessEntry } from '#local/kubernetes/access-entries.ts';
import { reviewToken, type TokenReviewDeps, tokenReviewHandler } from '#local/kubernetes/token-review.ts';

const sts = 'http://10.61.0.1:20000';
const role = 'arn:aws:iam::000000000000:role/service/deployer';
const caller = 'arn:aws:sts::000000000000:assumed-role/deployer/deploy@1';
const now = new Date('2026-01-02T03:10:00Z');

const parameters = {
  Action: 'GetCallerIdentity',
  Version: '2011-06-15',
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': 'ASIAEXAMPLE/20260102/us-east-1/sts/aws4_request',
  'X-Amz-Date': '20260102T030405Z',
  'X-Amz-Expires': '60',
  'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
  'X-Amz-Signature': 'ok-for-blue',
};

function token(changes: Record<string, string> = {}, origin = sts): string {
  const url = new URL(`${origin}/?${new URLSearchParams({ ...parameters, ...changes })}`);
  return `k8s-aws-v1.${Buffer.from(url.href).toString('base64url')}`;
}

const entry: AccessEntry = { username: '', groups: ['schwifty:deployers'], policies: [] };

/** STS as it is: the signature holds for the cluster name that was signed only. */
function deps(
  changes: Partial<TokenReviewDeps> = {},
  entries = new Map([[role, entry]]),
): TokenReviewDeps & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    clusterName: 'blue',
    stsEndpoint: sts,
    findAccessEntry: async (isPrincipal) => [...entries].find(([arn]) => isPrincipal(arn))?.[1],
    now: () => now,
    log: () => undefined,
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      calls.push(url.origin);
      const signedFor = url.searchParams.get('X-Amz-Signature');
      if (signedFor !== `ok-for-${new Headers(init?.headers).get('x-k8s-aws-id')}`)
        return new Response('<Code>SignatureDoesNotMatch</Code>', { status: 403 });
      return new Response(
        `<GetCallerIdentityResult><Arn>${caller}</Arn><UserId>AROAEXAMPLE:deploy@1</UserId><Account>000000000000</Account></GetCallerIdentityResult>`,
      );
    },
    ...changes,
  };
}

describe('an EKS token', () => {
  it('of a role with an access entry is its user and groups, whatever the path of the role', async () => {
    expect(await reviewToken(token(), deps())).toMatchObject({
      username: 'arn:aws:sts::000000000000:assumed-role/deployer/deploy-1',
      uid: 'aws-iam-authenticator:000000000000:AROAEXAMPLE',
      groups: ['schwifty:deployers'],
      extra: { accessKeyId: ['ASIAEXAMPLE'], sessionName: ['deploy@1'] },
    });
  });

  it("takes the access entry's user name", async () => {
    const named = new Map([[role, { ...entry, username: 'deployer:{{SessionName}}' }]]);
    expect(await reviewToken(token(), deps({}, named))).toMatchObject({ username: 'deployer:deploy-1' });
  });

  it.each([
    ['cluster', ['schwifty:deployers', 'system:masters']],
    ['namespace', ['schwifty:deployers']],
  ])('of an administrator of scope %s', async (scope, groups) => {
    const arn = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy';
    const policies = [{ arn, scope }];
    const user = await reviewToken(token(), deps({}, new Map([[role, { ...entry, policies }]])));
    expect(user.groups).toEqual(groups);
  });

  it.each([
    ['signed for another cluster', token({ 'X-Amz-Signature': 'ok-for-green' }), 'SignatureDoesNotMatch'],
    ['for another host', token({}, 'http://sts.example.com'), 'not for STS'],
    ['for another port of that host', token({}, 'http://10.61.0.1:20001'), 'not for STS'],
    ['with credentials before the host', token({}, 'http://user:pass@10.61.0.1:20000'), 'not for STS'],
    ['with another path', token({}, `${sts}/other`), 'path'],
    ['older than 15 minutes', token({ 'X-Amz-Date': '20260102T025459Z' }), 'expired'],
    ['without a date', token({ 'X-Amz-Date': 'yesterday' }), 'not a date'],
    ['that asks for more than 15 minutes', token({ 'X-Amz-Expires': '901' }), 'X-Amz-Expires'],
    ['for another action', token({ Action: 'AssumeRole' }), 'another action'],
    ['with one more parameter', token({ RoleArn: 'x' }), 'the parameter RoleArn'],
    ['with a parameter twice', token({ action: 'GetCallerIdentity' }), 'twice'],
    ['that does not sign the cluster', token({ 'X-Amz-SignedHeaders': 'host' }), 'x-k8s-aws-id'],
    ['of another kind', 'eyJhbGciOi', 'k8s-aws-v1.'],
    ['that is no URL', 'k8s-aws-v1.AAAA', 'no URL'],
    ['that is too long', `k8s-aws-v1.${'A'.repeat(5000)}`, 'too long'],
  ])('%s is refused', async (_, text, reason) => {
    await expect(reviewToken(text, deps())).rejects.toThrow(reason);
  });

  it('for another host is never sent there', async () => {
    const watched = deps();
    await expect(reviewToken(token({}, 'http://sts.example.com'), watched)).rejects.toThrow();
    expect(watched.calls).toEqual([]);
  });

  it('is not accepted while STS checks no signatures', async () => {
    const { fetch: strict } = deps();
    const lax: typeof fetch = (input) => strict(input, { headers: { 'x-k8s-aws-id': 'blue' } });
    await expect(reviewToken(token(), deps({ fetch: lax }))).rejects.toThrow('STS accepts a wrong signature');
  });

  it('of a role without an access entry is refused', async () => {
    const near = new Map([
      ['arn:aws:iam::000000000000:role/not-deployer', entry],
      ['arn:aws:iam::111111111111:role/deployer', entry],
      ['arn:aws:iam::000000000000:user/deployer', entry],
    ]);
    await expect(reviewToken(token(), deps({}, near))).rejects.toThrow('no access entry in the cluster blue');
  });
});

describe('the webhook', () => {
  const ask = (body: unknown, changes: Partial<TokenReviewDeps> = {}): Promise<Response> =>
    tokenReviewHandler(deps(changes))(
      new Request('http://local/token-review', { method: 'POST', body: JSON.stringify(body) }),
    );
  const review = (text: string): unknown => ({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: text },
  });

  it('answers with the user', async () => {
    const response = await ask(review(token()));
    expect(await response.json()).toMatchObject({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      status: { authenticated: true, user: { groups: ['schwifty:deployers'] } },
    });
  });

  it('answers with the reason of a refusal', async () => {
    const response = await ask(review('nonsense'));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: { authenticated: false, error: expect.stringContaining('k8s-aws-v1.') },
    });
  });

  it('does not call a failure of its own a refusal', async () => {
    const fetch = async (): Promise<Response> => Promise.reject(new Error('connection refused'));
    expect((await ask(review(token()), { fetch })).status).toBe(500);
  });

  it('refuses what is not a TokenReview', async () => {
    expect((await ask({ kind: 'Pod' })).status).toBe(400);
  });
});
