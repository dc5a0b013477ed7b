/** Standing jobs for tests. */

import { StandingKey } from '#core/jobs/standing/cause.ts';
import { askedStanding, nextStanding, type StandingEvent } from '#core/jobs/standing/next.ts';
import { isLive, type LiveStanding, Standing, StandingSpec } from '#core/jobs/standing/standing.ts';
import { addSeconds, type Instant } from '#core/names.ts';

export const start: Instant = '2026-01-05T10:00:00.000Z';
export const at = (seconds: number): Instant => addSeconds(start, seconds);
export const key = StandingKey.parse({ team: 'checkout', name: 'nightly' });
export const keyOf = (name: string): StandingKey => StandingKey.parse({ team: 'checkout', name });

const job = { command: ['wc', '-l'], parallelism: 2 };
export const nightly = StandingSpec.parse({
  when: { kind: 'schedule', cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
  job: { ...job, dataset: 's3://jobs/datasets/checkout/sales/' },
});
export const incoming = StandingSpec.parse({
  when: { kind: 'upload', prefix: 's3://jobs/datasets/checkout/incoming/' },
  job,
});
export const following = (name: string): StandingSpec =>
  StandingSpec.parse({ when: { kind: 'after', job: name }, job });

export function made(spec: StandingSpec, name = 'nightly'): LiveStanding {
  const decision = askedStanding(keyOf(name), undefined, { spec, owner: 'rita', at: start });
  if (decision.outcome !== 'changed' || !isLive(decision.standing)) throw new Error(decision.outcome);
  return decision.standing;
}

/** Through its schema, as it is stored. @throws where one changes nothing. */
export const brought = (standing: LiveStanding, now: Instant, ...events: StandingEvent[]): LiveStanding =>
  events.reduce((one, event) => {
    const decision = nextStanding(one, event, now);
    if (decision.outcome !== 'changed') throw new Error(`${event.kind}: ${JSON.stringify(decision)}`);
    const stored = Standing.parse(JSON.parse(JSON.stringify(decision.standing)));
    if (!isLive(stored)) throw new Error('it is deleted');
    return stored;
  }, standing);
