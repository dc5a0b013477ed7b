/** What the routes of transfers share: how one is read at its version, written with its environments, and described. */
import { type Change, causedBy } from '#core/decision.ts';
import { type Environment, judgedDigest } from '#core/environment.ts';
import { next } from '#core/machine.ts';
import { type EnvironmentKey, environmentId, type Instant } from '#core/names.ts';
import type { Enclosed } from '#core/ports.ts';
import { wantedDigest } from '#core/release.ts';
import { Judgement } from '#core/trace.ts';
import type { Transfer } from '#core/transfer/item.ts';
import { isOpen } from '#core/transfer/open.ts';
import { asItStands, successorIn, successorOf } from '#core/transfer/transfer.ts';
import { mustChange } from './environment.ts';
import { roomFor } from './holding.ts';
import { ProblemError } from './problem.ts';
import type { ApiDeps } from './route.ts';
import { todayOf } from './today.ts';

type Deps = Pick<ApiDeps, 'store' | 'transfers' | 'clock'>;

export interface Known {
  /** As it stands: what was written, and what became of its environment since. */
  readonly transfer: Transfer;
  readonly environment: Environment | undefined;
  readonly now: Instant;
}

/** @param to the team that it must be offered to, where that one asks. @throws 404 where there is none. */
export async function readTransfer(deps: Deps, from: EnvironmentKey, to?: string): Promise<Known> {
  const [written, environment] = await Promise.all([deps.transfers.read(from), deps.store.read(from)]);
  if (!written || (to !== undefined && written.to !== to)) throw none(from, to);
  const now = deps.clock.now();
  return { transfer: asItStands(written, environment, now), environment, now };
}

/** @throws 412 where it is not at the version that was named. */
export async function transferAt(deps: Deps, from: EnvironmentKey, to: string | undefined, version: number) {
  const known = await readTransfer(deps, from, to);
  const { transfer } = known;
  if (transfer.version === version) return known;
  const detail = `The transfer of ${environmentId(from)} is no longer at version ${version}: it is at version ${transfer.version}. Read it and try again.`;
  throw new ProblemError(412, 'Changed meanwhile', detail, { headers: etagOf(transfer) });
}

/** What its end says to both environments. */
export async function endedIn(
  deps: Pick<ApiDeps, 'store' | 'waivers' | 'config'>,
  environment: Environment,
  transfer: Transfer,
  { now, requestId }: { readonly now: Instant; readonly requestId: string | undefined },
): Promise<{ readonly change: Change; readonly enclosed: Pick<Enclosed, 'transfer' | 'also'> }> {
  const { store } = deps;
  const today = await todayOf(deps, environment);
  const decide = (noRoom?: string) =>
    mustChange(next(environment, { kind: 'handed', transfer, back: { today, noRoom } }, now));
  const first = decide();
  const room = await roomFor(deps, first);
  const change = room && 'outcome' in room ? decide(room.detail) : first;
  const successor = successorIn(transfer, await store.read(successorOf(transfer)));
  const also = successor && next(successor, { kind: 'succeeded', transfer }, now);
  return {
    change: causedBy(change, requestId),
    enclosed: { transfer, also: also && causedBy(mustChange(also), requestId) },
  };
}

/** An answer's body and its ETag. Of what is over nothing is shown but that. */
export async function transferAnswer(deps: Deps, { transfer, environment }: Known) {
  const successor = successorOf(transfer);
  const headers = etagOf(transfer);
  if (!environment || !isOpen(transfer)) return { body: { transfer, successor }, headers };
  const digest = wantedDigest(environment) ?? judgedDigest(environment);
  const verdict = digest && (await deps.store.verdict(environment.key, digest));
  const judged = verdict && { verdict: Judgement.parse(verdict) };
  return { body: { transfer, successor, spec: environment.spec, ...judged }, headers };
}

const etagOf = ({ version }: Transfer) => ({ etag: `"${version}"` });

const none = (from: EnvironmentKey, to: string | undefined): ProblemError => {
  const whom = to === undefined ? 'to another team' : `to team ${to}`;
  return new ProblemError(404, 'No such transfer', `${environmentId(from)} was not offered ${whom}.`);
};
