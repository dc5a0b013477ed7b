/** What the deployer needs of the world. */
import type { Config } from '#core/config.ts';
import type { NewHostKey } from '#core/host-key-objects.ts';
import type { Clock, ClusterClient, EnvironmentStore, Waivers } from '#core/ports.ts';
import type { KeptSnapshots } from '#core/snapshot-ports.ts';
import type { SshInput } from '#core/ssh-pod.ts';
import type { Transfers } from '#core/transfer/ports.ts';

export interface DeployDeps {
  readonly store: EnvironmentStore;
  readonly cluster: ClusterClient;
  readonly clusterName: string;
  readonly registry: string;
  /** For environments with SSH. */
  readonly access: Pick<SshInput, 'image' | 'url'>;
  readonly makeHostKey: () => NewHostKey;
  readonly waivers: Pick<Waivers, 'list'>;
  readonly transfers: Pick<Transfers, 'read'>;
  readonly snapshots: Pick<KeptSnapshots, 'read'>;
  readonly config: Pick<Config, 'clusters' | 'policy' | 'waivers'>;
  readonly clock: Clock;
}
