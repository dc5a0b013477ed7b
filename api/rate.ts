/**
 * Who asks too often is told when to come again: a bucket for each team, and one for each person who is in none. Where the table
 * does not answer, nothing is let through: whatever is asked needs it too, and this is when a limit is needed.
 */
import type { Config } from '#core/config.ts';
import type { Clock } from '#core/ports.ts';
import type { Buckets } from '#core/request-ports.ts';
import { may, type Person } from '#core/roles.ts';
import { ProblemError } from './problem.ts';

interface Deps {
  readonly buckets: Buckets;
  readonly clock: Clock;
  readonly config: Config;
}

/** @param named the team that is asked about: the person may. */
export async function takeToken(deps: Deps, person: Person, named: string | undefined): Promise<void> {
  const { config, buckets, clock } = deps;
  const team =
    config.teams.find((one) => one.name === named) ??
    config.teams.find((one) => may(person, 'read', {}, one));
  const owner = team ? `team#${team.name}` : `person#${person.name}`;
  const rate = team?.rate ?? config.rate;
  const waitMs = await buckets.take(owner, rate, clock.now());
  if (waitMs === undefined) return;
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const whose = team ? `Team ${team.name}` : person.name;
  const detail = `${whose} has ${rate.perSecond} requests a second, and ${rate.burst} at once: come again in ${seconds} s.`;
  throw new ProblemError(429, 'Too many requests', detail, { headers: { 'retry-after': String(seconds) } });
}
