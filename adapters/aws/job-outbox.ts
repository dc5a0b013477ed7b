/**
 * What goes out with a write of a data job, as items of the table: looks with the job itself, an event and a look with what is said of its
 * slots. Entries of slots have sort keys of their own, which no version of an environment has: somebody may call an environment as a job
 * is called.
 */
import type { JobChange } from '#core/jobs/job-change.ts';
import { seenMessages, wantedMessages } from '#core/jobs/slot-messages.ts';
import type { SlotsSeen, SlotsWanted } from '#core/jobs/slots.ts';
import type { OutboxMessage } from '#core/ports.ts';
import { outboxItem, padded } from './items.ts';

/** As those of environments: the outbox sends them, and sees no difference. */
export const jobOutbox = ({ job, looks, at }: JobChange) =>
  looks.map((look, position) =>
    outboxItem(
      { team: job.team, name: job.name },
      `${padded(job.version)}-${position}`,
      { kind: 'look', cluster: job.cluster, ...look },
      at,
    ),
  );

export const wantedOutbox = (wanted: SlotsWanted) => slotsOutbox(wanted, 'WANTED', wantedMessages(wanted));
export const seenOutbox = (seen: SlotsSeen, tell: boolean) =>
  slotsOutbox(seen, 'SEEN', seenMessages(seen, tell));

const slotsOutbox = (
  { team, name, version, at }: SlotsWanted | SlotsSeen,
  side: 'WANTED' | 'SEEN',
  messages: readonly OutboxMessage[],
) =>
  messages.map((message, position) =>
    outboxItem({ team, name }, `SLOTS#${side}#${padded(version)}-${position}`, message, at),
  );
