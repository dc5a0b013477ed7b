/** Names: all environments of a batch are seen to together; then each is written by itself. */
import type { Signal } from '#core/aws-events.ts';
import type { Config } from '#core/config.ts';
import { summaryOf } from '#core/decision.ts';
import { type Naming, nameOf } from '#core/dns.ts';
import { wishOf } from '#core/dns-batch.ts';
import { Rejected } from '#core/errors.ts';
import { type News, next } from '#core/machine.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Clock, DnsZone, EnvironmentStore, Sweeps } from '#core/ports.ts';
import type { HandleAll, Message } from '../runtime/batch.ts';
import { commit } from '../runtime/commit.ts';
import { log, withFields } from '../runtime/log.ts';
import { type Job, type Outcome, point } from './point.ts';
import { sweep } from './sweep.ts';

export interface DnsDeps {
  readonly store: EnvironmentStore;
  readonly zone: DnsZone;
  readonly sweeps: Sweeps;
  readonly config: Pick<Config, 'dns'>;
  /** Tells our records from those of another installation that shares the zone. */
  readonly installation: string;
  readonly clock: Clock;
}

/** What asks for one environment. */
type Asking = readonly Message[];
/** Why a message was not handled; undefined where it was. */
type End = readonly [Message, unknown];

export const namingOf = ({ config, installation }: Pick<DnsDeps, 'config' | 'installation'>): Naming => ({
  zone: config.dns.zone,
  installation,
});

export function dns(deps: DnsDeps): HandleAll {
  const naming = namingOf(deps);
  return async (messages) => {
    const ends: End[] = [];
    const asked = new Map<string, Message[]>();
    for (const message of messages) {
      const { signal } = message;
      const key = keyOf(signal);
      if (key) asked.set(environmentId(key), [...(asked.get(environmentId(key)) ?? []), message]);
      else if (signal.kind === 'sweep')
        ends.push([message, await errorOf(() => sweep(deps, naming, signal))]);
      else
        ends.push([
          message,
          new Rejected(`The DNS stage takes events of ours and looks, not ${signal.kind}.`),
        ]);
    }
    const jobs = new Map<Job, Asking>();
    await Promise.all(
      [...asked.values()].map(async (asking) => {
        const error = await errorOf(async () => {
          const job = await jobOf(deps, asking);
          if (job) jobs.set(job, asking);
        });
        ends.push(...asking.map((message): End => [message, error]));
      }),
    );
    const outcomes = await point(deps.zone, naming, [...jobs.keys()]);
    for (const end of await Promise.all([...jobs].map((job) => conclude(deps, naming, job, outcomes))))
      ends.push(...end);
    const errors = new Map(ends);
    return messages.map((message) => errors.get(message));
  };
}

function keyOf(signal: Signal): EnvironmentKey | undefined {
  if (signal.kind === 'told') return signal.event.environment;
  return signal.kind === 'look' ? signal.environment : undefined;
}

async function jobOf({ store }: DnsDeps, asking: Asking): Promise<Job | undefined> {
  const key = asking.flatMap(({ signal }) => keyOf(signal) ?? [])[0];
  const environment = key && (await store.read(key));
  const wish = environment && wishOf(environment);
  if (environment && wish) return { environment, wish };
  log.info('not Ready now: nothing to point at', { environment: key && environmentId(key) });
  return undefined;
}

/** Writes what became of the name. @returns the end of each message that asked for it. */
async function conclude(
  deps: DnsDeps,
  naming: Naming,
  [job, asking]: readonly [Job, Asking],
  outcomes: ReadonlyMap<Job, Outcome>,
): Promise<readonly End[]> {
  const outcome = outcomes.get(job) ?? { kind: 'done' };
  const isPassing = outcome.kind === 'failed' && !(outcome.error instanceof Rejected);
  if (isPassing) return asking.map((message) => [message, outcome.error]);
  // Of an event, people are told by the DLQ; a look asks again later, and again.
  const refusal = refusalOf(job, outcome);
  const [told, rest] = [asking.filter(isTold), asking.filter((message) => !isTold(message))];
  const toWrite = refusal === undefined ? asking : rest;
  const [first] = toWrite;
  const error = first && (await errorOf(() => write(deps, naming, job, outcome, first)));
  return [
    ...(refusal === undefined ? [] : told.map((message): End => [message, refusal])),
    ...toWrite.map((message): End => [message, error]),
  ];
}

const isTold = ({ signal }: Message): boolean => signal.kind === 'told';

/** A name that stays on purpose when its environment goes is no failure. */
function refusalOf({ wish }: Job, outcome: Outcome): unknown {
  if (outcome.kind === 'failed') return outcome.error;
  return outcome.kind === 'left' && wish.target !== undefined ? new Rejected(outcome.reason) : undefined;
}

const write = (
  { store, clock }: DnsDeps,
  { zone }: Naming,
  job: Job,
  outcome: Outcome,
  { cause }: Message,
): Promise<void> =>
  withFields(cause === undefined ? {} : { messageId: cause }, async () => {
    const { environment } = job;
    const name = nameOf(environment.key, zone);
    const decision = next(environment, newsOf(job, outcome, name), clock.now());
    await commit(store, environment, decision, cause);
    log.info('looked at the name', { name, target: job.wish.target, ...summaryOf(decision) });
  });

function newsOf({ wish: { target } }: Job, outcome: Outcome, name: string): News {
  if (target === undefined) {
    const kept = outcome.kind === 'left' ? outcome.reason : undefined;
    return { kind: 'part-seen', part: 'name', gone: outcome.kind !== 'failed', kept };
  }
  switch (outcome.kind) {
    case 'done':
      return { kind: 'pointed', dns: { name, target } };
    case 'left':
      return { kind: 'not-pointed', reason: outcome.reason };
    case 'failed':
      return { kind: 'not-pointed', reason: String(outcome.error) };
  }
}

async function errorOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}
