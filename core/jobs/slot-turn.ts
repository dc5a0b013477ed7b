/** When slots are looked at again, and when what was seen there is told. */
import type { Instant } from '../names.ts';
import type { SlotsSeen, SlotsWanted } from './slots.ts';

/**
 * Somebody looked since it was asked: the next look is on its way, and two chains of looks become one. Where none is, all is at rest, and
 * who comes all the same is worth a look: they may have made workers, or the namespace, of what was wanted before.
 */
export const isLookedAfterSlots = (seen: SlotsSeen | undefined, wanted: SlotsWanted, now: Instant): boolean =>
  seen !== undefined && seen.wanted === wanted.version && seen.lookAt !== undefined && seen.lookAt > now;

/** Whether `jobs` is to hear of it at once: more than time has passed. */
export const isTurn = (before: SlotsSeen | undefined, after: SlotsSeen): boolean =>
  before === undefined || gist(before) !== gist(after);

const gist = ({ wanted, namespace, refused, slots }: SlotsSeen): string =>
  JSON.stringify([
    wanted,
    namespace,
    refused,
    slots.map(({ slot, state, restarts }) => [slot, state, restarts]),
  ]);
