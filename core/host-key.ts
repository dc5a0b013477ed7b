/** By which people know an environment's SSH server: the public part of its host key. */
import * as z from './zod.ts';

export const HostKey = z.object({
  /** `ssh-ed25519 AAAA…`, as it stands in known_hosts. */
  publicKey: z.string(),
  /** As `ssh` shows it: `SHA256:…`. */
  fingerprint: z.string(),
});
export type HostKey = z.infer<typeof HostKey>;
