/** SSH keys over the deployed API, under the function's own role: added, seen, revoked, and never good again. */
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Person, signIn } from '#local/demo/people.ts';
import { ed25519Line } from '../core/ssh-keys.ts';
import { access } from './cloud.ts';

const line = () => `${ed25519Line(randomBytes(32))} e2e`;
const refusal = (asked: Promise<unknown>) => asked.catch((error: unknown) => error);

describe('SSH keys', () => {
  let alice: Person;
  let carol: Person;
  beforeAll(async () => {
    alice = await signIn(access, 'alice');
    carol = await signIn(access, `carol-${Date.now().toString(36)}`, ['checkout-members']);
  });

  it('are added, listed and revoked, and what was revoked is not added again', async () => {
    const key = line();
    const added = await carol.client.addKey('checkout', key);
    expect(added).toMatchObject({ person: carol.name, state: 'good', comment: 'e2e' });
    expect((await alice.client.keys('checkout')).keys).toContainEqual(added);
    expect(await alice.client.revokeKey('checkout', added.id)).toMatchObject({
      state: 'revoked',
      revokedBy: 'alice',
    });
    expect(await refusal(carol.client.addKey('checkout', key))).toMatchObject({
      problem: { status: 409, title: 'A revoked key' },
    });
  });

  it('of one person are not revoked by another member, nor seen by another team', async () => {
    const added = await alice.client.addKey('checkout', line());
    const mallory = await signIn(access, 'mallory', []);
    expect(await refusal(carol.client.revokeKey('checkout', added.id))).toMatchObject({
      problem: { status: 403 },
    });
    expect(await refusal(mallory.client.keys('checkout'))).toMatchObject({ problem: { status: 403 } });
    expect(await alice.client.revokeKey('checkout', added.id)).toMatchObject({ state: 'revoked' });
  });

  it('that are none are refused by their field', async () => {
    expect(await refusal(alice.client.addKey('checkout', `command="id" ${line()}`))).toMatchObject({
      problem: { status: 422, fields: [{ path: 'key' }] },
    });
  });
});
