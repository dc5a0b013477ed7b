/** Who calls, by the token that the gateway has checked and handed on, in payload format 2.0. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Rejected } from '#core/errors.ts';
import { claimsOf, Identity } from '#core/identity.ts';
import { personOf, requestIdOf } from '#lambdas/api/person.ts';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (claims: object) => `${part({ alg: 'RS256' })}.${part(claims)}.signature`;
const event = (claims: { sub?: unknown }, authorization = `Bearer ${tokenOf(claims)}`) => ({
  headers: { authorization },
  requestContext: { requestId: 'r1', authorizer: { jwt: { claims: { sub: claims.sub }, scopes: null } } },
});
const pool = claimsOf(undefined);
const issuer = 'https://login.example/tenant/v2.0';
const organisation = claimsOf(Identity.parse({ issuer, audience: ['getschwifty'], nameClaim: 'email' }));

describe('of the user pool', () => {
  test.each<[string, object, string, string[]]>([
    [
      'an access token',
      { username: 'anna', 'cognito:groups': ['members', 'approvers'] },
      'anna',
      ['members', 'approvers'],
    ],
    ['an id token', { 'cognito:username': 'anna', 'cognito:groups': ['members'] }, 'anna', ['members']],
    [
      'a group with a comma, and one with a space',
      { username: 'anna', 'cognito:groups': ['a,b', 'a b'] },
      'anna',
      ['a,b', 'a b'],
    ],
    ['no groups', { username: 'anna' }, 'anna', []],
  ])('%s', (_, claims, name, groups) => {
    expect(personOf(event({ sub: '1', ...claims }), pool)).toEqual({ name, groups });
  });
});

describe('of another provider', () => {
  it('is called by the claim that the configuration names, and by no other', () => {
    const claims = { sub: '1', email: 'anna@x.example', username: 'root', groups: ['members'] };
    expect(personOf(event(claims), organisation)).toEqual({ name: 'anna@x.example', groups: ['members'] });
  });
  it('has no groups of claims that somebody else may write', () => {
    const claims = { sub: '1', email: 'anna@x.example', 'cognito:groups': ['getschwifty-security'] };
    expect(personOf(event(claims), organisation).groups).toEqual([]);
  });
  it('may leave the array away for one group, which may have spaces: it stays one', () => {
    const claims = { sub: '1', email: 'anna@x.example', groups: 'x getschwifty-security' };
    expect(personOf(event(claims), organisation).groups).toEqual(['x getschwifty-security']);
  });
  it.each([{ sub: '1' }, { sub: '1', username: 'anna' }])('is nobody without the claim: %j', (claims) => {
    expect(() => personOf(event(claims), organisation)).toThrow(
      expect.objectContaining({
        problem: expect.objectContaining({ status: 403 }),
        message: expect.stringContaining('no claim email'),
      }),
    );
  });
});

test.each<[string, unknown]>([
  ['no token', { requestContext: { authorizer: { jwt: { claims: { sub: '1' } } } } }],
  ['no claims', {}],
  ['no subject', event({})],
  [
    'another token than the one that was checked',
    event({ sub: '1' }, tokenOf({ sub: '2', username: 'eve' })),
  ],
  ['no token in the header', event({ sub: '1' }, 'Bearer x')],
  ['a name that is no text', event({ ...{ username: 7 }, sub: '1' })],
  ['groups that are no names', event({ ...{ username: 'anna', 'cognito:groups': [7] }, sub: '1' })],
])('%s: nobody', (_, given) => {
  expect(() => personOf(given, pool)).toThrow(Rejected);
});

it('takes the groups of any token as they are', () =>
  fc.assert(
    fc.property(fc.array(fc.string()), (groups) => {
      const claims = { sub: '1', username: 'anna', 'cognito:groups': groups };
      expect(personOf(event(claims), pool).groups).toEqual(groups);
    }),
  ));

it.each([{ requestContext: { requestId: 'r1' } }, event({ sub: '1' })])(
  "has the request's id with a token and without",
  (given) => {
    expect(requestIdOf(given)).toBe('r1');
  },
);

describe('the provider of the configuration', () => {
  it.each([
    ['http://login.example', ['a']],
    ['https://login.example?x=1', ['a']],
    ['login.example', ['a']],
    [issuer, []],
    [issuer, ['']],
  ])('is not taken as %s for %j', (address, audience) => {
    expect(Identity.safeParse({ issuer: address, audience }).success).toBe(false);
  });
});
