/** Claims as HTTP APIs hand them on, in payload format 2.0. */
import { expect, test } from 'vitest';
import { Rejected } from '#core/errors.ts';
import { personOf } from '#lambdas/api/person.ts';

const event = (claims: object) => ({ requestContext: { authorizer: { jwt: { claims, scopes: null } } } });

test.each([
  [
    'an access token of Cognito',
    { sub: '1', username: 'anna', 'cognito:groups': '[members approvers]' },
    'anna',
    ['members', 'approvers'],
  ],
  [
    'an id token of Cognito',
    { sub: '1', 'cognito:username': 'anna', 'cognito:groups': '[members]' },
    'anna',
    ['members'],
  ],
  [
    'a group whose name holds a comma',
    { sub: '1', 'cognito:groups': '[members,approvers]' },
    '1',
    ['members,approvers'],
  ],
  ['groups as an array', { sub: '1', 'cognito:groups': ['members'] }, '1', ['members']],
  ['one group without brackets', { sub: '1', 'cognito:groups': 'members' }, '1', ['members']],
  ['empty groups', { sub: '1', 'cognito:groups': '[]' }, '1', []],
  ['no groups', { sub: '1' }, '1', []],
])('%s', (_, claims, name, groups) => {
  expect(personOf(event(claims))).toEqual({ name, groups });
});

test.each([
  ['no claims', {}],
  ['no subject', event({ username: 'anna' })],
  ['another shape', event({ sub: 7 })],
])('%s: nobody', (_, given) => {
  expect(() => personOf(given)).toThrow(Rejected);
});
