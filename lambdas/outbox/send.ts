/** Sends what was written with a change: events to the bus, looks to their queues; what was taken is settled. */
import type { Clock, EventBus, LookQueues, Outbox, OutboxEntry, OutboxRef } from '#core/ports.ts';

export interface SendDeps {
  readonly outbox: Outbox;
  readonly bus: EventBus;
  readonly looks: LookQueues;
  readonly clock: Clock;
  /** Tells people of an entry that can't be read. Without it such an entry stays pending and is named each time. */
  readonly report?: (entry: OutboxRef, reason: string) => Promise<void>;
}

export interface Unsent {
  readonly entry: OutboxEntry;
  readonly reason: string;
}

/** @returns what could not be sent: those entries stay pending. */
export async function send(deps: SendDeps, entries: readonly OutboxEntry[]): Promise<readonly Unsent[]> {
  const outcomes = [...(await sendEvents(deps, entries)), ...(await sendLooks(deps, entries))];
  const unreadable = await setAside(deps, entries);
  const settled = await Promise.allSettled(
    outcomes.map(async ({ entry, reason }) => {
      if (reason === undefined) await deps.outbox.settle(entry, deps.clock.now());
    }),
  );
  const unsent = outcomes.flatMap(({ entry, reason }, i) => {
    const settling = settled[i];
    const failure =
      settling?.status === 'rejected' ? `sent, but not settled: ${String(settling.reason)}` : undefined;
    const why = reason ?? failure;
    return why === undefined ? [] : [{ entry, reason: why }];
  });
  return [...unsent, ...unreadable];
}

/** Reported first, then set aside: a crash in between reports twice. @returns what could not be. */
async function setAside(deps: SendDeps, entries: readonly OutboxEntry[]): Promise<readonly Unsent[]> {
  const outcomes = await Promise.all(
    entries.map(async (entry): Promise<Unsent | undefined> => {
      if (entry.message.kind !== 'unreadable') return undefined;
      const { reason } = entry.message;
      if (!deps.report) return { entry, reason: `it can't be read: ${reason}` };
      try {
        await deps.report(entry, reason);
        await deps.outbox.setAside(entry, reason, deps.clock.now());
        return undefined;
      } catch (error) {
        return { entry, reason: `it can't be read (${reason}) and was not set aside: ${String(error)}` };
      }
    }),
  );
  return outcomes.flatMap((unsent) => unsent ?? []);
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
        const { story } = look;
        const message = { kind: 'look' as const, environment: entry.environment, ...(story && { story }) };
        await looks.send(look.stage, look.cluster, message, look.delaySeconds);
        return { entry, reason: undefined };
      } catch (error) {
        return { entry, reason: String(error) };
      }
    }),
  );
}
