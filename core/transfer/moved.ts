/**
 * The snapshot of a volume that goes to another team: taken when no pod of the old environment is left, kept by the old one's team,
 * and read by the new one for as long as the transfer is under way.
 */
import { change, type Decision, unchanged } from '../decision.ts';
import type { Environment } from '../environment.ts';
import { type KeptSnapshot, kept, type Taken, type Wanted } from '../kept-snapshot.ts';
import { addSeconds, environmentId, type Instant } from '../names.ts';
import type { Transfer } from './item.ts';

/** How soon the deployer looks again at one that is not ready. */
const movingSeconds = 5;

export interface MovedNews {
  readonly keep?: Taken | undefined;
  readonly told?: string | undefined;
  /** It is still to be made, or made ready. */
  readonly waits: boolean;
}

/** Only where no pod writes any more, and somebody waits for it. */
export const mayMake = ({ release, leaving }: Environment): boolean =>
  release.phase === 'stopped' && leaving?.state === 'moving';

export function volumeMoved(
  environment: Environment,
  { keep, told, waits }: MovedNews,
  now: Instant,
): Decision {
  const { moved } = environment;
  if (!moved || moved.kept) return unchanged('nobody waits for its volume');
  const { lookAt: _, ...rest } = moved;
  const actor = 'deploy';
  if (keep) return change(environment, { moved: { ...rest, kept: true } }, { at: now, actor, what: told });
  if (!waits) return change(environment, { moved: rest }, { at: now, actor });
  const next = { ...rest, ...(told === undefined ? {} : { told }), lookAt: addSeconds(now, movingSeconds) };
  return change(
    environment,
    { moved: next },
    { at: now, actor, what: told === moved.told ? undefined : told },
  );
}

/** Said to the new one, which then need not wait for a look to find it. */
export function volumeCame(
  successor: Environment,
  { of, name }: Pick<KeptSnapshot, 'of' | 'name'>,
  now: Instant,
): Decision {
  const { release } = successor;
  const parts = release.phase === 'deploying' ? { release: { ...release, lookAt: now } } : {};
  const what = `the volume of ${environmentId(of)} is kept as ${name}, from which its own is made`;
  return change(successor, parts, { at: now, actor: 'deploy', what });
}

/** It is the old one's team's, whatever becomes of the transfer. */
export function movedSnapshot(
  { key: of, cluster, spec, moved }: Environment,
  taken: Taken,
): Wanted | undefined {
  return spec.volume && moved && kept({ of, cluster, volume: spec.volume, since: moved.at, taken });
}

/** By which a deletion finds what was kept already: nothing was written to the volume since. */
export const leftAt = ({ moved }: Pick<Environment, 'moved'>, since: Instant): Instant =>
  moved?.kept === true ? moved.at : since;

export type Source =
  | { readonly state: 'there'; readonly snapshot: KeptSnapshot | undefined }
  /** Its transfer has not come so far. */
  | { readonly state: 'to-come' };

/** What the new one's volume is made from: the transfer says so, for that one alone and while it is under way. */
export function sourceOf(
  { key, createdAt }: Environment,
  transfer: Transfer | undefined,
  snapshot: KeptSnapshot | undefined,
): Source {
  const isOurs = transfer?.to === key.team && 'acceptedAt' in transfer && transfer.acceptedAt === createdAt;
  const isUnderWay = isOurs && (transfer.state === 'accepted' || transfer.state === 'moving');
  if (!isUnderWay) return { state: 'there', snapshot: undefined };
  const isIts = snapshot && environmentId(snapshot.of) === environmentId(transfer.from);
  return isIts ? { state: 'there', snapshot } : { state: 'to-come' };
}
