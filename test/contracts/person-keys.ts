/** What every memory of people's SSH keys must do: what was revoked is never good again. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect } from 'vitest';
import { withFingerprint } from '#api/fingerprint.ts';
import { Conflict } from '#core/errors.ts';
import { TeamName } from '#core/names.ts';
import { addKey, type GoodKey, type RevokedKey, revokeKey } from '#core/person-key.ts';
import type { PersonKeys } from '#core/ports.ts';
import { PublicKeyLine } from '#core/ssh-key.ts';
import { ed25519Line } from '../core/ssh-keys.ts';
import { contract, type Deviations } from './contract.ts';
import { start } from './samples.ts';

export function personKeysContract(name: string, make: () => PersonKeys, deviations: Deviations = {}): void {
  contract(name, 'the keys of people', deviations, (test) => {
    let keys: PersonKeys;
    let team: TeamName;
    beforeEach(() => {
      keys = make();
      team = TeamName.parse(`t${randomBytes(6).toString('hex')}`);
    });

    test('a team without keys has none', async () => {
      expect(await keys.list(team)).toEqual([]);
    });

    test('keys come back as they were written, of their own team alone', async () => {
      const added = [newKey(team), newKey(team)];
      const other = TeamName.parse(`${team}x`);
      for (const key of [...added, newKey(other)]) await keys.add(key);
      const found = await keys.list(team);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining(added));
    });

    test('of many who add one key at once one does', async () => {
      const key = newKey(team);
      const outcomes = await Promise.allSettled([0, 1, 2, 3].map(() => keys.add(key)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Conflict);
    });

    test('a revoked key stays, can be revoked once, and can not be added again', async () => {
      const key = newKey(team);
      await keys.add(key);
      const revoked = revocationOf(key);
      await keys.revoke(revoked);
      expect(await keys.list(team)).toEqual([revoked]);
      await expect(keys.revoke(revoked)).rejects.toBeInstanceOf(Conflict);
      await expect(keys.add(key)).rejects.toBeInstanceOf(Conflict);
      expect(await keys.list(team)).toEqual([revoked]);
    });

    test('what was never added is not revoked', async () => {
      await expect(keys.revoke(revocationOf(newKey(team)))).rejects.toBeInstanceOf(Conflict);
      expect(await keys.list(team)).toEqual([]);
    });

    test('a whole team of keys is one list', async () => {
      const many = Array.from({ length: 60 }, () => newKey(team, 'x'.repeat(100)));
      await Promise.all(many.map((key) => keys.add(key)));
      expect((await keys.list(team)).map(({ id }) => id).sort()).toEqual(many.map(({ id }) => id).sort());
    });
  });
}

function newKey(team: TeamName, comment = 'laptop'): GoodKey {
  const key = withFingerprint(PublicKeyLine.parse(`${ed25519Line(randomBytes(32))} ${comment}`));
  const added = addKey({ team, person: 'anna', key, known: [], now: start });
  if (!('state' in added) || added.state !== 'good') throw new Error('the sample key was not taken');
  return added;
}

function revocationOf(key: GoodKey): RevokedKey {
  const revoked = revokeKey({ key, person: 'anna', mayRevokeOthers: false, now: start });
  if (!('state' in revoked)) throw new Error(revoked.detail);
  return revoked;
}
