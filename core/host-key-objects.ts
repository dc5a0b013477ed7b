/**
 * An environment's SSH host key, made once. Its public part is in a ConfigMap that is made last and never changed: it says
 * which Secret has the private part, and so of two who make a key at once one wins, without anybody reading a Secret.
 */
import type { LiveObject } from './drift.ts';
import { parse } from './errors.ts';
import { HostKey } from './host-key.ts';
import { type KubernetesObject, metadataOf } from './labels.ts';
import type { EnvironmentKey } from './names.ts';
import { hostKeySecrets } from './ssh-pod.ts';
import * as z from './zod.ts';

/** Where it was just made. */
export interface NewHostKey extends HostKey {
  /** In OpenSSH's own form. */
  readonly privateKey: string;
}
/** Where it is in the cluster. */
export interface HeldHostKey extends HostKey {
  readonly secret: string;
}

const name = 'ssh-host-key';
const fileName = 'ssh_host_ed25519_key';

const Held = z.object({ data: z.object({ ...HostKey.shape, secret: z.string() }) });

/** Of what a look at the environment's namespace found. @throws Rejected where somebody made it what it is not. */
export function hostKeyIn(objects: readonly LiveObject[]): HeldHostKey | undefined {
  const found = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
  return found && parse(Held, found, `ConfigMap ${name}`).data;
}

/** In the order in which they are made. */
export function hostKeyObjects(
  key: EnvironmentKey,
  { privateKey, publicKey, fingerprint }: NewHostKey,
): readonly [secret: KubernetesObject, publicPart: KubernetesObject] {
  // Of this key alone: another's Secret is never taken for it.
  const id = fingerprint
    .toLowerCase()
    .replaceAll(/sha256:|[^a-z0-9]/g, '')
    .slice(0, 16);
  const secret = `${hostKeySecrets}${id}`;
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadataOf(key, secret),
      type: 'Opaque',
      immutable: true,
      stringData: { [fileName]: privateKey },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadataOf(key, name),
      immutable: true,
      data: { publicKey, fingerprint, secret },
    },
  ];
}
