/** What the stages need of snapshots of volumes: those that teams keep, and what a cluster knows of them. Contracts as in ports.ts. */
import type { KeptSnapshot } from './kept-snapshot.ts';
import type { SnapshotContent, SnapshotSight } from './last-snapshot.ts';
import type { EnvironmentKey, TeamName } from './names.ts';

/** They are written with environments, as `Enclosed` says. */
export interface KeptSnapshots {
  read(team: TeamName, name: string): Promise<KeptSnapshot | undefined>;
  /** By name: also those that are going, but not those that are gone. */
  list(team: TeamName): Promise<readonly KeptSnapshot[]>;
}

export interface ClusterSnapshots {
  /** Of one VolumeSnapshotClass, in an environment's namespace. */
  snapshots(key: EnvironmentKey, snapshotClass: string): Promise<SnapshotSight>;
  /** Undefined where there is none of the name. */
  snapshotContent(name: string): Promise<SnapshotContent | undefined>;
  /** The object goes, and where it is of a snapshot that was made here, that goes with it. */
  dropSnapshot(content: SnapshotContent): Promise<void>;
  /** The object alone: what it names stays. */
  forgetSnapshot(content: SnapshotContent): Promise<void>;
}
