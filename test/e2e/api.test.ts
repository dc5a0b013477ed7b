/** The API as it is deployed: who gets in, what it does with what nobody should send, and that it answers as its document says. */
import { createHmac } from 'node:crypto';
import {
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
  type TimeUnitsType,
  UpdateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from '#core/zod.ts';
import { controlPlane } from '#local/demo/access.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { demoSpec } from '#local/demo/story.ts';
import { until } from '#local/demo/world.ts';
import { ApiError } from '../../api/client/client.ts';
import { access } from './cloud.ts';
import { schemathesis } from './schemathesis/run.ts';

const Problem = z.object({ status: z.int(), title: z.string(), detail: z.string() });
let alice: Person;
let mallory: Person;
beforeAll(async () => {
  alice = await signIn(access, 'alice');
  mallory = await signIn(access, 'mallory', []);
});

const ask = (token: string | undefined, path: string, init: RequestInit = {}) =>
  fetch(`${access.api}${path}`, {
    ...init,
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...init.headers },
  });
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The claims of a token that is good, under another header and signature. */
function forged(header: object, sign: (text: string) => string, claims: object = {}): string {
  const [, body = ''] = alice.token.split('.');
  const real: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  const text = `${part(header)}.${part(Object.assign({}, real, claims))}`;
  return `${text}.${sign(text)}`;
}

/** With a token for seconds: Cognito itself gives none for less than five minutes, the local one does. */
async function brieflySignedIn(name: string): Promise<Person> {
  const cognito = new CognitoIdentityProviderClient(access.sdk);
  const { UserPoolId, UserPoolClientId: ClientId } = controlPlane(access.cloud);
  const { UserPoolClient: client = {} } = await cognito.send(
    new DescribeUserPoolClientCommand({ UserPoolId, ClientId }),
  );
  const give = (AccessTokenValidity: number, AccessToken: TimeUnitsType) =>
    cognito.send(
      new UpdateUserPoolClientCommand({
        ...{ UserPoolId, ClientId, ExplicitAuthFlows: client.ExplicitAuthFlows },
        ...{ AccessTokenValidity, TokenValidityUnits: { ...client.TokenValidityUnits, AccessToken } },
      }),
    );
  await give(2, 'seconds');
  try {
    return await signIn(access, name, ['checkout-members']);
  } finally {
    await give(client.AccessTokenValidity ?? 1, client.TokenValidityUnits?.AccessToken ?? 'hours');
  }
}

describe('who gets in', () => {
  it('whoever has a token of theirs', async () => {
    expect((await ask(alice.token, '/environments')).status).toBe(200);
  });

  it('nobody without a token, with one that has ended, or with one that nobody signed', async () => {
    const [head = '', , sign = ''] = alice.token.split('.');
    const original: object = JSON.parse(Buffer.from(head, 'base64url').toString('utf8'));
    const ended = forged(original, () => sign, { exp: Math.floor(Date.now() / 1000) - 60 });
    const tokens = {
      'no token': undefined,
      'no JWT': 'letmein',
      'alg none': forged({ alg: 'none', typ: 'JWT' }, () => ''),
      'alg none, with a signature': forged({ alg: 'none', typ: 'JWT' }, () => sign),
      ended,
      'more groups': forged(original, () => sign, { 'cognito:groups': ['getschwifty-operators'] }),
      'signed with a word': forged({ ...original, alg: 'HS256' }, (text) =>
        createHmac('sha256', 'secret').update(text).digest('base64url'),
      ),
    };
    for (const [what, token] of Object.entries(tokens)) {
      const answer = await ask(token, '/environments');
      expect(answer.status, what).toBe(401);
    }
  });

  it('nobody with a token that the pool itself signed and that has ended; with a new one the same person', async () => {
    const ended = await brieflySignedIn('ellen');
    const [, body = ''] = ended.token.split('.');
    const { exp } = z.object({ exp: z.int() }).parse(JSON.parse(Buffer.from(body, 'base64url').toString()));
    await until('the end of the token', 30, async () => Date.now() / 1000 > exp + 1 || undefined);
    expect((await ask(ended.token, '/environments')).status).toBe(401);
    const fresh = await signIn(access, 'ellen', ['checkout-members']);
    expect((await ask(fresh.token, '/environments')).status).toBe(200);
  });

  it("not whoever has another team's token: nothing is told of the team", async () => {
    const calls = [
      () => mallory.client.get('checkout/web'),
      () => mallory.client.usage('checkout'),
      () => mallory.client.list('checkout'),
      () => mallory.client.trace('checkout/web'),
      () => mallory.client.dlqs(),
    ];
    for (const call of calls) {
      const refusal = await call().catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ApiError);
      expect(refusal).toMatchObject({ problem: { status: 403, title: 'Not allowed' } });
    }
    expect(await mallory.client.list()).toEqual([]);
  });
});

describe('what nobody should send', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    ask(alice.token, '/environments', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID(), ...headers },
    });

  it('a body of ten megabytes is refused as too large', async () => {
    const answer = await post(JSON.stringify({ team: 'x'.repeat(10 * 1024 * 1024) }));
    expect(answer.status).toBe(413);
  });

  it('a body of three megabytes is refused by our own words', async () => {
    const answer = await post(JSON.stringify({ team: 'x'.repeat(3 * 1024 * 1024) }));
    expect(Problem.parse(await answer.json())).toMatchObject({ status: 413, title: 'Too large' });
  });

  it.each([
    ['[[[['.repeat(100_000), 400],
    ['{"team":', 400],
    ['\u0000', 400],
    ['{"__proto__":{"team":"checkout"}}', 422],
  ])('a body that is not what it should be is refused, case %#', async (body, status) => {
    const answer = await post(body);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(Problem.parse(await answer.json()).status).toBe(status);
  });

  it('paths that lead elsewhere lead to nothing that one may not see', async () => {
    // The gateway decodes what is in a path, and `..` then leads to the route that it names: with that route's rights.
    const paths = ['/environments/checkout/..%2f..%2fdlqs', '/environments/%2e%2e/web', '/%00', '/nowhere'];
    for (const path of paths) {
      const answer = await ask(alice.token, path);
      expect(answer.headers.get('content-type'), path).toBe('application/problem+json');
      expect([403, 404], path).toContain(answer.status);
    }
  });
});

describe('schemathesis', () => {
  const run = Date.now().toString(36);
  const names = [`fuzzed-a-${run}`, `fuzzed-b-${run}`];
  const [there = ''] = names;
  beforeAll(async () => {
    // What is there is answered otherwise than what is not.
    await alice.client.create({ team: 'checkout', name: there, spec: demoSpec });
  });
  afterAll(async () => {
    for (const name of names)
      await alice.client.delete(`checkout/${name}`).catch((error: unknown) => {
        if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
      });
  });

  it('finds no server error and no answer that breaks the document', async () => {
    const groups = [
      'checkout-members',
      'checkout-approvers',
      'getschwifty-security',
      'getschwifty-operators',
    ];
    const { token } = await signIn(access, 'fuzzer', groups);
    const known = {
      team: ['checkout'],
      name: names,
      base: [demoSpec.base],
      cluster: ['main'],
      digest: [`sha256:${'0'.repeat(64)}`],
    };
    const target = { api: access.api, token, known };
    const { code, said } = await schemathesis(target, [
      '--phases=coverage,fuzzing',
      '--max-examples=12',
      '--generation-deterministic',
      // The gateway's own limit is 50.
      '--rate-limit=45/s',
      '--workers=2',
      '--suppress-health-check=all',
    ]);
    expect(said).toMatch(/Test cases:\s+\d{3,} generated/);
    expect(code, said.slice(-8000)).toBe(0);
  });
});
