/** The token is held to Signature Version 4 as AWS documents it, worked out here a second time by hand. */
import { createHash, createHmac } from 'node:crypto';
import { STSClient } from '@aws-sdk/client-sts';
import { afterEach, expect, test, vi } from 'vitest';
import { eksToken } from '#adapters/aws/eks-token.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'a+/=b' };
const region = 'eu-central-1';
const urlOf = (token: string): URL =>
  new URL(Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString());

afterEach(() => vi.unstubAllEnvs());

test('the URL of a signed GetCallerIdentity, without padding', async () => {
  const token = await eksToken('main', new STSClient({ region, credentials }));
  expect(token).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+$/);
  const url = urlOf(token);
  expect(`${url.origin}${url.pathname}`).toBe('https://sts.eu-central-1.amazonaws.com/');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    Action: 'GetCallerIdentity',
    Version: '2011-06-15',
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
    'X-Amz-Security-Token': credentials.sessionToken,
  });
  const date = url.searchParams.get('X-Amz-Date') ?? '';
  const signedAt = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
  expect(Math.abs(Date.now() - signedAt)).toBeLessThan(10_000);
});

test.each(['main', 'other'])('the signature covers the cluster: %s', async (cluster) => {
  const url = urlOf(await eksToken('main', new STSClient({ region, credentials })));
  const given = url.searchParams.get('X-Amz-Signature');
  expect(signature(url, cluster) === given).toBe(cluster === 'main');
});

test('an endpoint of its own, with its port', async () => {
  const client = new STSClient({ region, credentials, endpoint: 'http://127.0.0.1:4566' });
  const url = urlOf(await eksToken('main', client));
  expect(url.origin).toBe('http://127.0.0.1:4566');
  expect(url.searchParams.get('X-Amz-Signature')).toBe(signature(url, 'main'));
});

test("STS is where the SDK's own client would go, whatever else the environment names", async () => {
  const others = ['STS_ENDPOINT', 'CLUSTER_ENDPOINT', 'HTTPS_PROXY', 'https_proxy', 'AWS_ENDPOINT_URL_EKS'];
  for (const name of others) vi.stubEnv(name, 'https://elsewhere.example');
  const url = urlOf(await eksToken('main', new STSClient({ region, credentials })));
  expect(url.origin).toBe('https://sts.eu-central-1.amazonaws.com');
});

test('a cluster whose name would be another address is only a signed header', async () => {
  const url = urlOf(await eksToken('x@elsewhere.example/?', new STSClient({ region, credentials })));
  expect(url.origin).toBe('https://sts.eu-central-1.amazonaws.com');
  expect(url.href).not.toContain('elsewhere');
});

/** AWS IAM user guide, "Create a signed AWS API request". */
function signature(url: URL, cluster: string): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const headers = `host:${url.host}\nx-k8s-aws-id:${cluster}\n`;
  const payload = createHash('sha256').update('').digest('hex');
  const request = ['GET', '/', query, headers, 'host;x-k8s-aws-id', payload].join('\n');
  const date = url.searchParams.get('X-Amz-Date') ?? '';
  const scope = [date.slice(0, 8), region, 'sts', 'aws4_request'];
  const hash = createHash('sha256').update(request).digest('hex');
  const toSign = ['AWS4-HMAC-SHA256', date, scope.join('/'), hash].join('\n');
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  return createHmac('sha256', key).update(toSign).digest('hex');
}
