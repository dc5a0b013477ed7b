/**
 * Makes an SSH host key in the form in which OpenSSH keeps it: it reads Ed25519 keys in no other one.
 * Source: OpenSSH's PROTOCOL.key; RFC 8709 (4), RFC 8032 (5.1.5).
 */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { NewHostKey } from '#core/host-key-objects.ts';

const type = 'ssh-ed25519';

export function makeHostKey(): NewHostKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const { d = '' } = privateKey.export({ format: 'jwk' });
  const [point, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const blob = Buffer.concat([text(type), bytes(point)]);
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return {
    privateKey: pem(blob, point, seed),
    publicKey: `${type} ${blob.toString('base64')}`,
    fingerprint: `SHA256:${digest}`,
  };
}

/** Without a passphrase: the Secret that it is in is what keeps it. */
function pem(blob: Buffer, point: Buffer, seed: Buffer): string {
  const check = randomBytes(4);
  const inner = [check, check, text(type), bytes(point), bytes(Buffer.concat([seed, point])), text('')];
  const length = inner.reduce((sum, part) => sum + part.length, 0);
  const padding = Buffer.from(Array.from({ length: (8 - (length % 8)) % 8 }, (_, i) => i + 1));
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...['none', 'none', ''].map(text),
    number(1),
    bytes(blob),
    bytes(Buffer.concat([...inner, padding])),
  ]);
  const lines = whole.toString('base64').replaceAll(/(.{70})(?=.)/g, '$1\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function number(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value);
  return four;
}
const bytes = (value: Buffer): Buffer => Buffer.concat([number(value.length), value]);
const text = (value: string): Buffer => bytes(Buffer.from(value));
