/** What goes out with the two items of a job's slots: an event for the other side, and the next look of the own. */
import { type Instant, secondsBetween } from '../names.ts';
import type { JobKey, SlotsSeen, SlotsWanted } from './slots.ts';

export type SlotsEventType = 'JobSlotsWanted' | 'JobSlotsSeen';
interface SlotsEvent {
  readonly kind: 'event';
  readonly event: {
    readonly type: SlotsEventType;
    readonly environment: JobKey;
    readonly cluster: string;
    readonly at: Instant;
    readonly sequence: { readonly version: number; readonly position: number };
  };
}
interface SlotsLook {
  readonly kind: 'look';
  readonly stage: 'job-slots';
  readonly cluster: string;
  readonly delaySeconds: number;
}
export type SlotsMessage = SlotsEvent | SlotsLook;

/** A queue keeps a message back for no longer; who looks too early plans the next look. Source: Amazon SQS, "Delay queues". */
const longestDelay = 900;

export const slotsEvent = (type: SlotsEventType, said: SlotsWanted | SlotsSeen): SlotsEvent => ({
  kind: 'event',
  event: {
    type,
    environment: { team: said.team, name: said.name },
    cluster: said.cluster,
    at: said.at,
    sequence: { version: said.version, position: 0 },
  },
});

export function slotsLook({ cluster, at, lookAt }: SlotsSeen): SlotsLook | undefined {
  if (lookAt === undefined) return undefined;
  const seconds = Math.ceil(secondsBetween(at, lookAt));
  return {
    kind: 'look',
    stage: 'job-slots',
    cluster,
    delaySeconds: Math.min(longestDelay, Math.max(0, seconds)),
  };
}
