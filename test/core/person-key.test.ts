/** Whose key it is, how many there may be, and who revokes it. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { withFingerprint } from '#api/fingerprint.ts';
import { TeamName } from '#core/names.ts';
import { addKey, KeyId, keysPerPerson, type PersonKey, revokeKey } from '#core/person-key.ts';
import { PublicKeyLine } from '#core/ssh-key.ts';
import { ed25519Line } from './ssh-keys.ts';

const team = TeamName.parse('checkout');
const now = '2026-07-01T10:00:00.000Z';
const later = '2026-07-01T11:00:00.000Z';
const newKey = () => withFingerprint(PublicKeyLine.parse(`${ed25519Line(randomBytes(32))} laptop`));
const key = newKey();
const added = (person = 'anna', one = key): PersonKey => {
  const outcome = addKey({ team, person, key: one, known: [], now });
  if ('outcome' in outcome) throw new Error(outcome.detail);
  return outcome;
};
const revoked = (): PersonKey => {
  const outcome = revokeKey({ key: added(), person: 'anna', mayRevokeOthers: false, now: later });
  if ('outcome' in outcome) throw new Error(outcome.detail);
  return outcome;
};

describe('adding', () => {
  it('keeps whose it is, and an id that a path holds', () => {
    expect(added()).toMatchObject({ state: 'good', version: 1, person: 'anna', addedAt: now, ...key });
    expect(KeyId.safeParse(added().id).success).toBe(true);
  });

  it('again changes nothing', () => {
    expect(addKey({ team, person: 'anna', key, known: [added()], now: later })).toEqual(added());
  });

  it("refuses another person's key", () => {
    const outcome = addKey({ team, person: 'bob', key, known: [added()], now });
    expect(outcome).toMatchObject({ outcome: 'refused', status: 409, title: "Another person's key" });
  });

  it('refuses what was revoked, for ever', () => {
    const outcome = addKey({ team, person: 'anna', key, known: [revoked()], now });
    expect(outcome).toMatchObject({ outcome: 'refused', status: 409, title: 'A revoked key' });
  });

  it('refuses one too many, of that person alone, and counts what is good alone', () => {
    const full = Array.from({ length: keysPerPerson }, () => added('anna', newKey()));
    expect(addKey({ team, person: 'anna', key, known: full, now })).toMatchObject({ title: 'Too many keys' });
    expect(addKey({ team, person: 'bob', key, known: full, now })).toMatchObject({ state: 'good' });
    const known = [...full.slice(1), { ...revoked(), id: 'x'.repeat(43) }];
    expect(addKey({ team, person: 'anna', key, known, now })).toMatchObject({ state: 'good' });
  });
});

describe('revoking', () => {
  it('is for its owner, and says who did it when', () => {
    expect(revoked()).toMatchObject({ state: 'revoked', version: 2, revokedBy: 'anna', revokedAt: later });
  });

  it('is for those who answer for the team, and for no other member', () => {
    const bob = { key: added(), person: 'bob', now };
    expect(revokeKey({ ...bob, mayRevokeOthers: true })).toMatchObject({ revokedBy: 'bob' });
    expect(revokeKey({ ...bob, mayRevokeOthers: false })).toMatchObject({ outcome: 'refused', status: 403 });
  });

  it('again leaves who did it first', () => {
    const again = { key: revoked(), person: 'rita', mayRevokeOthers: true, now: '2026-07-02T10:00:00.000Z' };
    expect(revokeKey(again)).toEqual(revoked());
  });
});
