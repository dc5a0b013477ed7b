/** What the deployer needs of the world. */
import type { Config } from '#core/config.ts';
import type { NewHostKey } from '#core/host-key-objects.ts';
import type { Clock, ClusterClient, EnvironmentStore, KeptSnapshots, Waivers } from '#core/ports.ts';
import type { SshInput } from '#core/ssh-pod.ts';

export interface DeployDeps {
  readonly store: EnvironmentStore;
  readonly cluster: ClusterClient;
  readonly clusterName: string;
  readonly registry: string;
  /** For environments with SSH. */
  readonly access: Pick<SshInput, 'image' | 'url'>;
  readonly makeHostKey: () => NewHostKey;
  readonly waivers: Pick<Waivers, 'list'>;
  readonly snapshots: Pick<KeptSnapshots, 'read'>;
  readonly config: Pick<Config, 'clusters' | 'policy' | 'waivers'>;
  readonly clock: Clock;
}
