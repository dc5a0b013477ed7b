/**
 * An EKS bearer token: a GetCallerIdentity URL that its bearer presigned, with the cluster's name in a signed
 * header. Checked as aws-iam-authenticator does (pkg/token/token.go) before anything is called.
 */

/** Why a token is not accepted; the message goes to the caller. */
export class TokenRefused extends Error {}

export const clusterHeader = 'x-k8s-aws-id';

const prefix = 'k8s-aws-v1.';
const maximumLength = 4096;
const maximumAge = 15 * 60;
const allowedParameters = new Set([
  'action',
  'version',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);

/** The presigned URL in the token, which is safe to call: it can only be GetCallerIdentity of that endpoint. */
export function readToken(token: string, stsEndpoint: string, now: Date): URL {
  if (token.length > maximumLength) throw new TokenRefused('the token is too long');
  if (!token.startsWith(prefix)) throw new TokenRefused(`the token does not start with ${prefix}`);
  const text = Buffer.from(token.slice(prefix.length), 'base64url').toString('utf8');
  const url = URL.parse(text);
  if (url === null) throw new TokenRefused('the token holds no URL');
  if (url.origin !== new URL(stsEndpoint).origin || url.username !== '' || url.password !== '')
    throw new TokenRefused(`the token's URL is for ${url.origin}, not for STS`);
  if (url.pathname !== '/') throw new TokenRefused(`the token's URL has the path ${url.pathname}`);
  const parameters = readParameters(url);
  if (parameters.get('action') !== 'GetCallerIdentity')
    throw new TokenRefused('the token is for another action than GetCallerIdentity');
  if (!(parameters.get('x-amz-signedheaders') ?? '').toLowerCase().split(';').includes(clusterHeader))
    throw new TokenRefused(`the token does not sign the header ${clusterHeader}`);
  checkAge(parameters, now);
  return url;
}

function readParameters(url: URL): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [key, value] of url.searchParams) {
    const name = key.toLowerCase();
    if (!allowedParameters.has(name)) throw new TokenRefused(`the token's URL has the parameter ${key}`);
    if (parameters.has(name)) throw new TokenRefused(`the token's URL has the parameter ${key} twice`);
    parameters.set(name, value);
  }
  return parameters;
}

function checkAge(parameters: ReadonlyMap<string, string>, now: Date): void {
  const expires = parameters.get('x-amz-expires') ?? '';
  if (!/^\d+$/.test(expires) || Number(expires) > maximumAge)
    throw new TokenRefused(`the token's X-Amz-Expires is not between 0 and ${maximumAge}`);
  const date = parameters.get('x-amz-date') ?? '';
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date);
  if (match === null) throw new TokenRefused("the token's X-Amz-Date is not a date");
  const [, year, month, day, hour, minute, second] = match;
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // Not X-Amz-Expires: STS honours such a URL for 15 minutes whatever it says, and so does EKS.
  if (!(now.getTime() <= signedAt + maximumAge * 1000))
    throw new TokenRefused(`the token of ${date} has expired`);
}
