/**
 * What a transfer may do, said again in other words than core/ says it: two people of two teams, one environment that goes and one that
 * takes its place, never none of both. What is taken back changes nothing.
 */
import type { Environment } from '#core/environment.ts';
import { addSeconds, environmentId, type Instant } from '#core/names.ts';
import type { Transfer } from '#core/transfer/item.ts';
import { must } from './broken.ts';
import type { FaultKind, Invocation } from './faults.ts';

type LastOf = (id: string) => Environment | undefined;
type Of<State extends Transfer['state']> = Extract<Transfer, { state: State }>;
interface Ends {
  readonly id: string;
  readonly old: Environment;
  /** What was asked for by accepting, whatever became of it. */
  readonly heir: Environment | undefined;
}
const open = ['offered', 'accepted', 'moving'] as const;
/** What it may have been before. What is offered anew may never have been told that its environment was deleted. */
const follows = {
  offered: [undefined, ...open, 'done', 'over'],
  accepted: ['offered'],
  moving: ['accepted'],
  done: ['accepted', 'moving'],
  over: open,
} as const;
/** The schedule looks at least every ten minutes; then a function that is busy, a message that comes again. */
const lateSeconds = 600 + 300;

export class Handed {
  readonly #now: () => Instant;
  readonly #lastOf: LastOf;
  readonly #items = new Map<string, Transfer>();
  onDone: (what: FaultKind) => void = () => undefined;

  constructor(now: () => Instant, lastOf: LastOf) {
    this.#now = now;
    this.#lastOf = lastOf;
  }

  /** Each write of an environment, of two, and of what ties both. */
  wrote(environments: readonly Environment[], transfer: Transfer | undefined, invocation: Invocation): void {
    if (transfer) {
      const from = environmentId(transfer.from);
      const before = this.#items.get(from);
      this.#items.set(from, transfer);
      must(
        transfer.version === (before?.version ?? 0) + 1,
        `the transfer of ${from}: version ${before?.version} → ${transfer.version}`,
      );
      const old = environments.find(({ key }) => environmentId(key) === from);
      must(old !== undefined, `the transfer of ${from} turned without it`);
      this.#turned(before, transfer, old, invocation);
    }
    for (const environment of environments) this.#mustAgree(environment);
  }

  #turned(before: Transfer | undefined, transfer: Transfer, old: Environment, { name }: Invocation): void {
    const id = environmentId(old.key);
    const byApi = transfer.state === 'over' ? isGivenUp(transfer) : isAsked(transfer);
    must(name === (byApi ? 'api' : 'schedule'), `${name} made the transfer of ${id} ${transfer.state}`);
    const heir = this.#lastOf(heirOf(transfer));
    const isHeir = 'acceptedAt' in transfer && heir?.createdAt === transfer.acceptedAt;
    const from: readonly (string | undefined)[] = follows[transfer.state];
    must(from.includes(before?.state), `${id} is ${transfer.state}, and was ${before?.state}`);
    const ends = { id, old, heir: isHeir ? heir : undefined };
    if (transfer.state === 'offered') this.#offered(transfer, old);
    else if (transfer.state === 'accepted') this.#accepted(transfer, ends);
    else if (transfer.state === 'moving')
      must(
        ends.heir !== undefined && ends.heir.release.phase !== 'none',
        `${id} was stopped for what may not run`,
      );
    else if (transfer.state === 'done') this.#done(ends);
    else this.#over(transfer, ends);
  }

  #offered({ offeredBy }: Transfer, { key, life }: Environment): void {
    const id = environmentId(key);
    must(isOf(offeredBy, key.team), `${offeredBy} offered ${id}`);
    must(life.state === 'running' || life.state === 'stopped', `${id} was offered, and is ${life.state}`);
  }

  #accepted({ acceptedBy, offeredBy, to }: Of<'accepted'>, { id, old, heir }: Ends): void {
    must(isOf(acceptedBy, to) && acceptedBy !== offeredBy, `${acceptedBy} accepted ${id}`);
    must(heir !== undefined && isThere(heir), `${id} was accepted, and nothing was asked for in its place`);
    must(isSameSpec(old, heir), `what was asked for in the place of ${id} is another thing`);
  }

  #done({ id, old, heir }: Ends): void {
    const isReady = heir?.life.state === 'running' && heir.release.phase === 'ready';
    must(isReady, `${id} was deleted for what is not Ready`);
    must(old.life.state === 'deleting', `${id} is handed over, and is ${old.life.state}`);
    const volume = old.spec.volume !== undefined;
    must(!volume || heir.filled !== undefined, `${id} was deleted, and its volume did not come`);
    this.onDone(volume ? 'volume handed over' : 'handed over');
  }

  #over({ why, endedBy, to, until, from }: Of<'over'>, { id, old, heir }: Ends): void {
    must(why !== 'withdrawn' || isOf(endedBy, from.team), `${endedBy} withdrew ${id}`);
    must(why !== 'refused' || isOf(endedBy, to), `${endedBy} refused ${id}`);
    must(why !== 'new-deleted' || !heir || !isThere(heir), `${id} stays, and what was made of it is there`);
    must(
      why !== 'expired' || until <= addSeconds(this.#now(), 5),
      `the offer of ${id} ended before its time`,
    );
    must(isThere(old), `${id} stays, and is ${old.life.state}`);
  }

  /** What it says of itself, and what was written of it, are one. */
  #mustAgree(environment: Environment): void {
    const { key, leaving, createdAt } = environment;
    const id = environmentId(key);
    const known = this.#items.get(id);
    const open =
      known && isOpen(known) && known.offeredAt >= createdAt && isThere(environment) ? known : undefined;
    must(
      leaving?.state === open?.state && leaving?.to === open?.to,
      `${id} is ${leaving?.state ?? 'nobody’s'} to ${leaving?.to}, and its transfer is ${known?.state}`,
    );
  }

  /** Once all is calm: whatever was begun is done, or waits for people. */
  mustBeAtRest(): void {
    for (const [id, transfer] of this.#items) this.#mustRest(id, transfer, this.#lastOf(id));
  }

  #mustRest(id: string, transfer: Transfer, old: Environment | undefined): void {
    must(old !== undefined, `${id} went, and was never there`);
    const isNew = transfer.state === 'done' && old.createdAt > transfer.endedAt;
    must(transfer.state !== 'done' || old.life.state === 'deleted' || isNew, `${id} is of two teams`);
    if (!old.leaving || (transfer.state !== 'accepted' && transfer.state !== 'moving')) return;
    const heir = this.#lastOf(heirOf(transfer));
    const due = addSeconds(this.#now(), -lateSeconds);
    const isHeir = heir?.createdAt === transfer.acceptedAt;
    const isLost = !isHeir || (!isThere(heir) && (!('since' in heir.life) || heir.life.since < due));
    must(!isLost, `${id} is to go, and what was to take its place is gone`);
    const { release, life } = heir;
    const isReady = life.state === 'running' && release.phase === 'ready' && release.since < due;
    must(
      !isReady,
      `${heirOf(transfer)} is Ready since ${isReady ? release.since : ''}, and ${id} is still there`,
    );
    if (old.spec.volume === undefined) return;
    const mayRun = release.phase !== 'none' && release.since < due;
    must(!mayRun || transfer.state === 'moving', `${heirOf(transfer)} waits for the volume of ${id}`);
    const isMoved = transfer.state === 'accepted' || transfer.movedAt >= due || old.moved?.kept === true;
    must(isMoved, `the volume of ${id} is still on its way`);
  }
}

const heirOf = ({ from, to }: Transfer): string => environmentId({ team: to, name: from.name });
const isThere = ({ life }: Environment): boolean => life.state === 'running' || life.state === 'stopped';
const isAsked = ({ state }: Transfer): boolean => state === 'offered' || state === 'accepted';
const isGivenUp = ({ why }: Of<'over'>): boolean => why === 'withdrawn' || why === 'refused';
const isOpen = ({ state }: Transfer): boolean => state !== 'done' && state !== 'over';
/** Who may, as the stories call them (people.ts). */
const isOf = (person: string, team: string): boolean => person.startsWith(`${team}-approver`);

/** But for what its volume is made from. */
function isSameSpec(old: Environment, heir: Environment): boolean {
  const text = ({ spec: { volume, ...spec } }: Environment) =>
    JSON.stringify([spec, volume && { ...volume, from: undefined }]);
  return text(old) === text(heir);
}
