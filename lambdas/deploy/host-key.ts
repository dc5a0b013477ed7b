/**
 * Makes an environment's SSH host key where it has none. The private part goes into a Secret, which nothing of ours can
 * read; which Secret counts, the ConfigMap says that is made after it. Who crashes between leaves a Secret of no use.
 */
import type { LiveObject } from '#core/drift.ts';
import { Retryable } from '#core/errors.ts';
import { type HeldHostKey, hostKeyIn, hostKeyObjects, type NewHostKey } from '#core/host-key-objects.ts';
import { type Housed, namespace } from '#core/isolation.ts';
import type { ClusterClient } from '#core/ports.ts';

interface Asked extends Housed {
  /** What a look found. */
  readonly objects: readonly LiveObject[];
  readonly makeHostKey: () => NewHostKey;
}

export async function ensureHostKey(
  cluster: ClusterClient,
  { key, kubernetesVersion, objects, makeHostKey }: Asked,
): Promise<HeldHostKey> {
  const known = hostKeyIn(objects);
  if (known) return known;
  const made = makeHostKey();
  const [secret, publicPart] = hostKeyObjects(key, made);
  await cluster.apply([namespace({ key, kubernetesVersion })]);
  await cluster.create(secret);
  if (await cluster.create(publicPart)) {
    const { publicKey, fingerprint } = made;
    return { publicKey, fingerprint, secret: secret.metadata.name };
  }
  // Somebody else was faster: theirs counts.
  const theirs = hostKeyIn((await cluster.look(key)).objects);
  if (!theirs) throw new Retryable('The host key that somebody else made is gone again.');
  return theirs;
}
