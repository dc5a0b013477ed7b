/** What goes out with the two items of a job's slots: an event for the other side, and the next look of the own. */
import type { DomainEvent } from '../events.ts';
import { secondsBetween } from '../names.ts';
import type { OutboxMessage } from '../ports.ts';
import type { SlotsSeen, SlotsWanted } from './slots.ts';

type SlotsLook = Extract<OutboxMessage, { kind: 'look' }>;

/** A queue keeps a message back for no longer; who looks too early plans the next look. Source: Amazon SQS, "Delay queues". */
const longestDelay = 900;

const slotsEvent = (
  type: Extract<DomainEvent['type'], `JobSlots${string}`>,
  { team, name, cluster, at, version }: SlotsWanted | SlotsSeen,
): OutboxMessage => ({
  kind: 'event',
  event: { type, environment: { team, name }, cluster, at, sequence: { version, position: 0 } },
});

export function slotsLook({ cluster, at, lookAt }: SlotsSeen): SlotsLook | undefined {
  if (lookAt === undefined) return undefined;
  const seconds = Math.ceil(secondsBetween(at, lookAt));
  const delaySeconds = Math.min(longestDelay, Math.max(0, seconds));
  return { kind: 'look', stage: 'job-slots', cluster, delaySeconds };
}

export const wantedMessages = (wanted: SlotsWanted): readonly OutboxMessage[] => [
  slotsEvent('JobSlotsWanted', wanted),
];

/** @param tell whether the other side hears of it at once. */
export function seenMessages(seen: SlotsSeen, tell: boolean): readonly OutboxMessage[] {
  const look = slotsLook(seen);
  return [...(tell ? [slotsEvent('JobSlotsSeen', seen)] : []), ...(look ? [look] : [])];
}
