/** `schwifty key`, in words. */
import { expect, test } from 'vitest';
import { keysText, keyText } from '../../cli/keys.ts';

const key = {
  id: 'Yq28xSCp_fu2yRU9AdrsUx74W9s2RMTbjt9aqZNkPnA',
  person: 'rita',
  type: 'ssh-ed25519',
  fingerprint: 'SHA256:Yq28xSCp/fu2yRU9AdrsUx74W9s2RMTbjt9aqZNkPnA',
  comment: 'laptop',
  state: 'good' as const,
  addedAt: '2026-07-01T10:00:00.000Z',
};

test('a key says whose it is, since when, and what to revoke it by', () => {
  expect(keyText(key)).toBe(
    `rita  ssh-ed25519  ${key.fingerprint}  laptop  since 2026-07-01T10:00:00.000Z\n  id ${key.id}`,
  );
});

test('a revoked key says who did it', () => {
  const revoked = { ...key, state: 'revoked' as const, revokedBy: 'anna', revokedAt: key.addedAt };
  expect(keyText({ ...revoked, comment: '' })).toContain(
    'without a comment  revoked by anna at 2026-07-01T10:00:00.000Z',
  );
});

test('a team without keys says how to add one', () => {
  expect(keysText({ keys: [] })).toBe('The team has no keys: schwifty key add.');
  expect(keysText({ keys: [key, key] }).split('\n')).toHaveLength(4);
});
