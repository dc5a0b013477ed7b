/**
 * A snapshot that is left of a deleted environment's volume: its team finds it by its name, makes a volume of another environment
 * from it, or deletes it. What the cluster calls it is written by the deployer alone: nobody types it. docs/adr/0026
 */
import { type Refusal, refuse } from './decision.ts';
import type { Environment } from './environment.ts';
import {
  ClusterName,
  EnvironmentKey,
  environmentId,
  Instant,
  type EnvironmentKey as Key,
  TeamName,
} from './names.ts';
import { SnapshotName, snapshotNameOf } from './snapshot-name.ts';
import type { Volume } from './volume.ts';
import { classOf, type VolumeClass } from './volume-class.ts';
import * as z from './zod.ts';

/** Who was made from it last: more of them nobody waits for. */
const usersKept = 20;

const fields = {
  team: TeamName,
  name: SnapshotName,
  /** Whose volume it was. */
  of: EnvironmentKey,
  /** Where its VolumeSnapshotContent is. */
  cluster: ClusterName,
  content: z.string(),
  driver: z.string(),
  /** By which the driver knows it. */
  handle: z.string(),
  class: z.string(),
  /** A volume that is made from it has as much, or more. */
  sizeGiB: z.int(),
  takenAt: Instant,
  /** Environments that were asked for with it, the newest last. */
  users: z.array(z.object({ environment: EnvironmentKey, at: Instant })),
  version: z.int(),
};

export const KeptSnapshot = z.discriminatedUnion('state', [
  z.object({ state: z.literal('kept'), ...fields }),
  /** The deployer takes it away at its next look. */
  z.object({ state: z.literal('unwanted'), ...fields, by: z.string(), since: Instant }),
  z.object({ state: z.literal('gone'), ...fields, by: z.string(), since: Instant }),
]);
export type KeptSnapshot = z.infer<typeof KeptSnapshot>;
export type Wanted = Extract<KeptSnapshot, { state: 'kept' }>;
export type Unwanted = Extract<KeptSnapshot, { state: 'unwanted' }>;

/** What the cluster said of one that can be used. */
export interface Taken {
  readonly content: string;
  readonly driver: string;
  readonly handle: string;
  readonly sizeGiB: number;
  /** Where it says so. */
  readonly at?: Instant | undefined;
}

interface Keeping {
  readonly of: Key;
  readonly cluster: string;
  readonly volume: Volume;
  readonly since: Instant;
  readonly taken: Taken;
}

/** The first that is written of it. A disk may have grown past what its environment asked for. */
export function kept({ of, cluster, volume, since, taken }: Keeping): Wanted {
  const { content, driver, handle } = taken;
  return {
    state: 'kept',
    team: of.team,
    name: snapshotNameOf(of.name, since),
    of,
    cluster,
    content,
    driver,
    handle,
    class: volume.class,
    sizeGiB: Math.max(volume.sizeGiB, taken.sizeGiB),
    // What goes to another team is written to until that has one Ready, hours after its name was made.
    takenAt: taken.at ?? since,
    users: [],
    version: 1,
  };
}

interface Place {
  readonly name: string;
  readonly volumes: readonly VolumeClass[];
}

/** Why no such volume is made from it in this cluster; undefined where it is. @param known of the asking team, by the name that it said. */
export function whyNotFrom(
  known: KeptSnapshot | undefined,
  volume: Volume,
  cluster: Place,
): string | undefined {
  if (known?.state !== 'kept')
    return `the team keeps no snapshot called ${volume.from}: its list of snapshots has those that there are`;
  if (known.class !== volume.class)
    return `${known.name} is of a volume of class ${known.class}, and makes none of class ${volume.class}`;
  if (volume.sizeGiB < known.sizeGiB)
    return `${known.name} has ${known.sizeGiB} GiB: ask for ${known.sizeGiB} or more`;
  if (classOf(volume, cluster.volumes)?.snapshotClass === undefined)
    return `class ${volume.class} of cluster ${cluster.name} has no snapshots: ask for it in cluster ${known.cluster}`;
  return undefined;
}

/** As it is written with the environment that is made from it: of what is deleted at the same time nothing is made. */
export const usedBy = (known: Wanted, environment: Key, at: Instant): Wanted => ({
  ...known,
  users: [...known.users, { environment, at }].slice(-usersKept),
  version: known.version + 1,
});

interface Refusing {
  readonly known: Exclude<KeptSnapshot, { state: 'gone' }>;
  /** What was asked for with it, as far as it is there. */
  readonly users: readonly Environment[];
  /** Of the name that it was of, whatever became of it. */
  readonly of: Environment;
  readonly person: string;
  readonly now: Instant;
}

/** @returns the same where it is unwanted already. */
export function unwanted({ known, users, of, person, now }: Refusing): Unwanted | Refusal {
  if (known.state === 'unwanted') return known;
  const waits = users.find((user) => isWaiting(user, known));
  if (waits) {
    const detail = `${environmentId(waits.key)} is to be made from ${known.name} and was not yet. Delete it when that runs, or delete that first.`;
    return refuse(409, 'It is needed', detail);
  }
  if (of.leaving?.state === 'moving' && of.moved && snapshotNameOf(of.key.name, of.moved.at) === known.name) {
    const detail = `${known.name} is what goes to team ${of.leaving.to}. Delete it when that is done, or withdraw the transfer first.`;
    return refuse(409, 'It is needed', detail);
  }
  if (of.cluster !== known.cluster) {
    const detail = `${known.name} is in cluster ${known.cluster}, and ${environmentId(of.key)} is in ${of.cluster} now. Have VolumeSnapshotContent ${known.content} deleted there by hand.`;
    return refuse(409, 'It is elsewhere', detail);
  }
  return { ...known, state: 'unwanted', by: person, since: now, version: known.version + 1 };
}

/** Its volume is still to come. One of its name after it was asked for without it, or at another instant. */
function isWaiting({ key, life, spec, createdAt, filled }: Environment, known: Wanted): boolean {
  const isIt = known.users.some(
    ({ environment, at }) => environmentId(environment) === environmentId(key) && at === createdAt,
  );
  const isThere = life.state === 'running' || life.state === 'stopped';
  return isIt && isThere && spec.volume?.from === known.name && filled === undefined;
}

export const gone = ({ state: _, ...known }: Unwanted): KeptSnapshot => ({
  ...known,
  state: 'gone',
  version: known.version + 1,
});
