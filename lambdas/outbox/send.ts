/** Sends what was written with a change: events to the bus, looks to their queues; what was taken is settled. */
import type { Clock, EventBus, LookQueues, Outbox, OutboxEntry } from '#core/ports.ts';

export interface SendDeps {
  readonly outbox: Outbox;
  readonly bus: EventBus;
  readonly looks: LookQueues;
  readonly clock: Clock;
}

export interface Unsent {
  readonly entry: OutboxEntry;
  readonly reason: string;
}

/** @returns what could not be sent: those entries stay pending. */
export async function send(deps: SendDeps, entries: readonly OutboxEntry[]): Promise<readonly Unsent[]> {
  const outcomes = [...(await sendEvents(deps, entries)), ...(await sendLooks(deps, entries))];
  const settled = await Promise.allSettled(
    outcomes.map(async ({ entry, reason }) => {
      if (reason === undefined) await deps.outbox.settle(entry, deps.clock.now());
    }),
  );
  return outcomes.flatMap(({ entry, reason }, i) => {
    const settling = settled[i];
    const failure =
      settling?.status === 'rejected' ? `sent, but not settled: ${String(settling.reason)}` : undefined;
    const why = reason ?? failure;
    return why === undefined ? [] : [{ entry, reason: why }];
  });
}

type Outcome = { entry: OutboxEntry; reason: string | undefined };

async function sendEvents({ bus }: SendDeps, entries: readonly OutboxEntry[]): Promise<Outcome[]> {
  const events = entries.flatMap((entry) =>
    entry.message.kind === 'event' ? [{ entry, event: entry.message.event }] : [],
  );
  const reasons = await bus.tell(events.map(({ event }) => event));
  return events.map(({ entry }, i) => ({ entry, reason: reasons[i] }));
}

function sendLooks({ looks }: SendDeps, entries: readonly OutboxEntry[]): Promise<Outcome[]> {
  const wanted = entries.flatMap((entry) =>
    entry.message.kind === 'look' ? [{ entry, look: entry.message }] : [],
  );
  return Promise.all(
    wanted.map(async ({ entry, look }): Promise<Outcome> => {
      try {
        const message = { kind: 'look' as const, environment: entry.environment };
        await looks.send(look.stage, look.cluster, message, look.delaySeconds);
        return { entry, reason: undefined };
      } catch (error) {
        return { entry, reason: String(error) };
      }
    }),
  );
}
