/** Host keys as OpenSSH reads them: byte by byte, and by its own program where it is there (end to end it always is). */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeHostKey } from '#adapters/host-key.ts';
import { withFingerprint } from '#api/fingerprint.ts';
import { keyIdOfFingerprint } from '#core/access-protocol.ts';
import { PublicKeyLine } from '#core/ssh-key.ts';

/** Strings of RFC 4251, one after the other. */
function partsOf(bytes: Buffer, count: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; parts.length < count; ) {
    const length = bytes.readUInt32BE(at);
    parts.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}

test('the public part is a key as people have them, with its fingerprint', () => {
  const { publicKey, fingerprint } = makeHostKey();
  const read = withFingerprint(PublicKeyLine.parse(publicKey));
  expect(read).toMatchObject({ type: 'ssh-ed25519', fingerprint });
  expect(keyIdOfFingerprint(fingerprint)).toMatch(/^[\w-]{43}$/);
});

test('the private part is the other half of it, in the form of PROTOCOL.key', () => {
  const made = makeHostKey();
  const lines = made.privateKey.trim().split('\n');
  expect(lines.at(0)).toBe('-----BEGIN OPENSSH PRIVATE KEY-----');
  expect(lines.at(-1)).toBe('-----END OPENSSH PRIVATE KEY-----');
  expect(Math.max(...lines.slice(1, -1).map(({ length }) => length))).toBe(70);
  const whole = Buffer.from(lines.slice(1, -1).join(''), 'base64');
  const magic = Buffer.from('openssh-key-v1\0');
  expect(whole.subarray(0, magic.length)).toEqual(magic);
  const [cipher, kdf, options] = partsOf(whole.subarray(magic.length), 3);
  expect([cipher, kdf, options].map(String)).toEqual(['none', 'none', '']);
  const rest = whole.subarray(magic.length + 4 + 4 + 4 + 4 + 4);
  expect(rest.readUInt32BE(0)).toBe(1);
  const [blob = Buffer.alloc(0), inner = Buffer.alloc(0)] = partsOf(rest.subarray(4), 2);
  expect(`ssh-ed25519 ${blob.toString('base64')}`).toBe(made.publicKey);
  expect(inner.length % 8).toBe(0);
  expect(inner.readUInt32BE(0)).toBe(inner.readUInt32BE(4));
  const [type, point = Buffer.alloc(0), both = Buffer.alloc(0)] = partsOf(inner.subarray(8), 4);
  expect(String(type)).toBe('ssh-ed25519');
  expect(both.subarray(32)).toEqual(point);
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') };
  const d = both.subarray(0, 32).toString('base64url');
  const signature = sign(null, Buffer.from('x'), createPrivateKey({ key: { ...jwk, d }, format: 'jwk' }));
  expect(verify(null, Buffer.from('x'), createPublicKey({ key: jwk, format: 'jwk' }), signature)).toBe(true);
});

test('no two are the same', () => {
  const made = Array.from({ length: 20 }, makeHostKey);
  expect(new Set(made.map(({ fingerprint }) => fingerprint)).size).toBe(20);
});

test.each(['SHA1:abc', 'MD5:00:11', 'SHA256:', 'SHA256:short', '', 'SHA256:../../etc'])(
  '%j is the fingerprint of no key',
  (text) => expect(keyIdOfFingerprint(text)).toBeUndefined(),
);
