/** What a public key is known by: as `ssh-keygen -l` and sshd's log write it. */
import { createHash } from 'node:crypto';
import type { PublicKey } from '#core/ssh-key.ts';

export function withFingerprint(key: PublicKey): PublicKey & { readonly fingerprint: string } {
  const digest = createHash('sha256').update(Buffer.from(key.blob, 'base64')).digest('base64');
  return { ...key, fingerprint: `SHA256:${digest.replace(/=+$/, '')}` };
}
