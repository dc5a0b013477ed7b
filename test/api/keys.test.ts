/** SSH keys over the API: whose they are, who revokes them, and what is no key. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { KeyAnswer, KeysAnswer } from '#api/answers.ts';
import type { Person } from '#core/roles.ts';
import { ed25519Line } from '../core/ssh-keys.ts';
import { anna, rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const ben: Person = { ...rita, name: 'ben' };
const sven: Person = { name: 'sven', groups: ['other-members'] };
const sec: Person = { name: 'sec', groups: ['getschwifty-security'] };
const path = '/teams/checkout/keys';
const newLine = () => `${ed25519Line(randomBytes(32))} laptop`;

async function add(world: World, person: Person, key: string): Promise<KeyAnswer> {
  const answer = await call(world, person, 'POST', path, { key });
  expect(answer.status).toBe(201);
  return KeyAnswer.parse(await answer.json());
}
async function revoke(world: World, person: Person, { id }: KeyAnswer): Promise<KeyAnswer> {
  const answer = await call(world, person, 'DELETE', `${path}/${id}`);
  expect(answer.status).toBe(200);
  return KeyAnswer.parse(await answer.json());
}
async function list(world: World, person: Person): Promise<KeyAnswer[]> {
  const answer = await call(world, person, 'GET', path);
  expect(answer.status).toBe(200);
  return KeysAnswer.parse(await answer.json()).keys;
}

test('a key is added once, seen by the team, and its own person revokes it', async () => {
  const world = new World();
  const line = newLine();
  const added = await add(world, rita, line);
  expect(added).toMatchObject({ person: 'rita', state: 'good', comment: 'laptop', type: 'ssh-ed25519' });
  expect(await add(world, rita, line)).toEqual(added);
  expect(await list(world, anna)).toEqual([added]);
  expect(await revoke(world, rita, added)).toMatchObject({ state: 'revoked', revokedBy: 'rita' });
  expect(await revoke(world, anna, added)).toMatchObject({ revokedBy: 'rita' });
  expect(await refused(world, rita, 'POST', path, { key: line })).toMatchObject({
    status: 409,
    title: 'A revoked key',
  });
});

test("another's key is revoked by those who answer for the team, and by no other member", async () => {
  const world = new World();
  const added = await add(world, rita, newLine());
  expect(await refused(world, ben, 'DELETE', `${path}/${added.id}`)).toMatchObject({ status: 403 });
  expect(await list(world, ben)).toEqual([added]);
  expect(await revoke(world, anna, added)).toMatchObject({ revokedBy: 'anna' });
  expect(await revoke(world, sec, await add(world, rita, newLine()))).toMatchObject({ revokedBy: 'sec' });
});

test("strangers neither see nor add keys, and security adds none: it is nobody's member", async () => {
  const world = new World();
  const key = newLine();
  expect(await refused(world, sven, 'GET', path)).toMatchObject({ status: 403 });
  expect(await refused(world, sven, 'POST', path, { key })).toMatchObject({ status: 403 });
  expect(await refused(world, sec, 'POST', path, { key })).toMatchObject({ status: 403 });
  expect(await refused(world, rita, 'POST', '/teams/nobody/keys', { key })).toMatchObject({ status: 404 });
  expect(await list(world, rita)).toEqual([]);
});

test('one key is one person’s', async () => {
  const world = new World();
  const line = newLine();
  await add(world, rita, line);
  const problem = await refused(world, ben, 'POST', path, { key: line });
  expect(problem).toMatchObject({ status: 409, title: "Another person's key" });
  expect(problem.detail).not.toContain('rita');
});

test.each([
  ['no key', 'hello'],
  ['an option before it', `command="id" ${newLine()}`],
  ['a second line', `${newLine()}\n${newLine()}`],
  ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
  ['no text', 7],
])('%s is refused by its field, and nothing is kept', async (_, key) => {
  const world = new World();
  const problem = await refused(world, rita, 'POST', path, { key });
  expect(problem).toMatchObject({ status: 422, fields: [{ path: 'key' }] });
  expect(await list(world, rita)).toEqual([]);
});

test('an id that names nothing is not found', async () => {
  const world = new World();
  expect(await refused(world, rita, 'DELETE', `${path}/${'x'.repeat(43)}`)).toMatchObject({ status: 404 });
  expect(await refused(world, rita, 'DELETE', `${path}/SHA256:x`)).toMatchObject({ status: 404 });
});
