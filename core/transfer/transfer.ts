/**
 * An environment goes to another team as a new one (docs/adr/0033). One person offers it, one of the other team accepts, which asks
 * for the new one; when that is Ready the old one is deleted. Until then either side may take it back, and the old one is whole.
 * Here is what becomes of the item that ties both; what either environment says of it is in handed.ts.
 */
import { type Refusal, refuse } from '../decision.ts';
import type { Environment } from '../environment.ts';
import { unreachable } from '../errors.ts';
import { addSeconds, type EnvironmentKey, environmentId, type Instant, type TeamName } from '../names.ts';
import { snapshotNameOf } from '../snapshot-name.ts';
import type { Spec } from '../spec.ts';
import type { Volume } from '../volume.ts';
import { classOf, type VolumeClass } from '../volume-class.ts';
import type { Over, Transfer } from './item.ts';
import { isOpen, type Open } from './open.ts';

const offerSeconds = 7 * 86_400;

/** The new environment: of the same name, for what asks for it by name changes the team alone. */
export const successorOf = ({ from, to }: Pick<Transfer, 'from' | 'to'>): EnvironmentKey => ({
  team: to,
  name: from.name,
});

interface Offer {
  readonly environment: Environment;
  readonly to: TeamName;
  readonly person: string;
  /** What became of an earlier one: its versions go on. */
  readonly before: Transfer | undefined;
  /** Of its cluster; without them what has a volume stays. */
  readonly volumes?: readonly VolumeClass[] | undefined;
  readonly now: Instant;
}

export function offer({ environment, to, person, before, volumes = [], now }: Offer): Transfer | Refusal {
  const { key, spec, leaving } = environment;
  const id = environmentId(key);
  if (key.team === to) return refuse(409, 'It is theirs already', `${id} is an environment of team ${to}.`);
  const hindrance = spec.volume && whyItsVolumeStays(environment, spec.volume, volumes);
  if (hindrance !== undefined) return refuse(409, 'It has a volume', `${id} has a volume: ${hindrance}`);
  const isOver = leaving?.state === 'offered' && leaving.lookAt <= now;
  if (leaving && !isOver) {
    const detail = `${id} is ${leaving.state === 'offered' ? 'offered to' : 'accepted by'} team ${leaving.to}: withdraw that first.`;
    return refuse(409, 'It is offered already', detail);
  }
  const until = addSeconds(now, offerSeconds);
  const version = (before?.version ?? 0) + 1;
  return { state: 'offered', from: key, to, offeredBy: person, offeredAt: now, until, version };
}

/** Its volume goes as a snapshot. */
function whyItsVolumeStays(
  { release }: Environment,
  volume: Volume,
  volumes: readonly VolumeClass[],
): string | undefined {
  if (classOf(volume, volumes)?.snapshotClass === undefined)
    return `class ${volume.class} has no snapshots, and it would go without its data. Copy what is on it to a new environment.`;
  return release.phase === 'none' ? 'nothing of it ran yet. Offer it when it is Ready.' : undefined;
}

/** What it is asked for as: with what is on the volume of the old one when that is at rest. */
export const specOf = ({ spec }: Environment, accepted: Transfer): Spec => {
  const { volume } = spec;
  if (!volume || accepted.state !== 'accepted') return spec;
  return { ...spec, volume: { ...volume, from: snapshotNameOf(accepted.from.name, accepted.acceptedAt) } };
};

/** What the item can't know: its time is over, or its environment was deleted, and perhaps asked for anew. */
export function asItStands(transfer: Transfer, environment: Environment | undefined, now: Instant): Transfer {
  if (!isOpen(transfer)) return transfer;
  if (environment?.leaving?.to !== transfer.to || !isThere(environment)) {
    const life = environment?.life;
    const gone =
      life && 'by' in life ? life : { by: 'nobody', since: environment?.createdAt ?? transfer.until };
    return ended(transfer, 'old-deleted', gone.by, gone.since);
  }
  if (transfer.state === 'offered' && transfer.until <= now)
    return ended(transfer, 'expired', 'schedule', transfer.until);
  return transfer;
}

/** @param transfer as it stands. Two people, for one alone could take from a team what is another's. */
export function accept(transfer: Transfer, person: string, now: Instant): Transfer | Refusal {
  if (transfer.state !== 'offered') return closed(transfer);
  if (transfer.offeredBy === person) {
    const detail = `${person} offered ${environmentId(transfer.from)}: somebody else accepts it.`;
    return refuse(403, 'Your own offer', detail);
  }
  return {
    ...transfer,
    state: 'accepted',
    acceptedBy: person,
    acceptedAt: now,
    version: transfer.version + 1,
  };
}

interface End {
  readonly why: 'withdrawn' | 'refused';
  readonly person: string;
  readonly now: Instant;
}

/** By the team that offered it, or by the other one. @returns the same where it is over already. */
export function giveUp(transfer: Transfer, { why, person, now }: End): Transfer | Refusal {
  switch (transfer.state) {
    case 'offered':
    case 'accepted':
    case 'moving':
      return { ...ended(transfer, why, person, now), version: transfer.version + 1 };
    case 'done':
      return closed(transfer);
    case 'over':
      return transfer;
    default:
      return unreachable(transfer);
  }
}

/** Time went by, or something happened to the new one. @param old what has a volume is stopped in between. @returns the same where there is nothing new. */
export function looked(
  transfer: Transfer,
  successor: Environment | undefined,
  now: Instant,
  old?: Pick<Environment, 'spec' | 'life'>,
): Transfer {
  const version = transfer.version + 1;
  switch (transfer.state) {
    case 'offered':
      if (transfer.until > now) return transfer;
      return { ...ended(transfer, 'expired', 'schedule', now), version };
    case 'accepted':
    case 'moving': {
      const ours = successorIn(transfer, successor);
      if (!ours) {
        const by = successor && 'by' in successor.life ? successor.life.by : 'nobody';
        return { ...ended(transfer, 'new-deleted', by, now), version };
      }
      if (transfer.state === 'accepted' && old?.spec.volume !== undefined) {
        // Until its image may run the old one goes on.
        if (ours.release.phase === 'none') return transfer;
        return { ...transfer, state: 'moving', movedAt: now, ran: old.life.state === 'running', version };
      }
      const isReady = ours.life.state === 'running' && ours.release.phase === 'ready';
      return isReady ? { ...transfer, state: 'done', endedAt: now, version } : transfer;
    }
    case 'done':
    case 'over':
      return transfer;
    default:
      return unreachable(transfer);
  }
}

/** The environment that was asked for by accepting, while it is there. */
export function successorIn(transfer: Transfer, environment: Environment | undefined) {
  const acceptedAt = 'acceptedAt' in transfer ? transfer.acceptedAt : undefined;
  return environment?.createdAt === acceptedAt && environment && isThere(environment)
    ? environment
    : undefined;
}

const isThere = ({ life }: Environment): boolean => life.state === 'running' || life.state === 'stopped';

function ended(transfer: Open, why: Over['why'], by: string, at: Instant): Over {
  return { ...transfer, state: 'over', why, endedBy: by, endedAt: at };
}

/** Why nothing can be done with it any more. */
function closed(transfer: Exclude<Transfer, { state: 'offered' }>): Refusal {
  const id = environmentId(transfer.from);
  const successor = environmentId(successorOf(transfer));
  switch (transfer.state) {
    case 'accepted':
    case 'moving':
      return refuse(
        409,
        'It is accepted',
        `${transfer.acceptedBy} accepted ${id} at ${transfer.acceptedAt}: GET /environments/${successor}.`,
      );
    case 'done':
      return refuse(409, 'It is done', `${successor} took the place of ${id} at ${transfer.endedAt}.`);
    case 'over':
      return refuse(409, 'The offer is over', `${id}: ${endOf(transfer)}. Ask its team to offer it anew.`);
    default:
      return unreachable(transfer);
  }
}

/** In words, for people. */
export function endOf({ why, endedBy, from, to }: Over): string {
  switch (why) {
    case 'withdrawn':
      return `${endedBy} of team ${from.team} withdrew it`;
    case 'refused':
      return `${endedBy} of team ${to} refused it`;
    case 'expired':
      return `nobody of team ${to} accepted it in time`;
    case 'old-deleted':
      return `${endedBy} deleted it meanwhile`;
    case 'new-deleted':
      return `${endedBy} deleted what was to take its place`;
    default:
      return unreachable(why);
  }
}
