/** What two stages say to each other of a data job's slots, in memory; `told` is what the outbox would tell. */
import { seenOutbox, wantedOutbox } from '#adapters/aws/job-outbox.ts';
import { Conflict } from '#core/errors.ts';
import { slotsLook } from '#core/jobs/slot-messages.ts';
import { type JobKey, type Slots, SlotsSeen, SlotsWanted } from '#core/jobs/slots.ts';
import * as z from '#core/zod.ts';
import { MemoryStore } from './store.ts';

const Versioned = z.object({ version: z.int() });

export class MemorySlots implements Slots {
  readonly #store: MemoryStore;
  readonly #wanted = new Map<string, string>();
  readonly #seen = new Map<string, string>();
  readonly told: { readonly type: 'JobSlotsWanted' | 'JobSlotsSeen'; readonly job: JobKey }[] = [];
  /** That it asked for of itself. */
  readonly looks: { readonly job: JobKey; readonly delaySeconds: number }[] = [];

  constructor(store: MemoryStore = new MemoryStore()) {
    this.#store = store;
  }

  async wanted({ name }: JobKey): Promise<SlotsWanted | undefined> {
    const text = this.#wanted.get(name);
    return text === undefined ? undefined : SlotsWanted.parse(JSON.parse(text));
  }

  async seen({ name }: JobKey): Promise<SlotsSeen | undefined> {
    const text = this.#seen.get(name);
    return text === undefined ? undefined : SlotsSeen.parse(JSON.parse(text));
  }

  async want(wanted: SlotsWanted): Promise<void> {
    expecting(this.#wanted.get(wanted.name), wanted);
    this.#wanted.set(wanted.name, JSON.stringify(wanted));
    this.#store.post(wantedOutbox(wanted));
    this.told.push({ type: 'JobSlotsWanted', job: { team: wanted.team, name: wanted.name } });
  }

  async see(seen: SlotsSeen, tell: boolean): Promise<void> {
    expecting(this.#seen.get(seen.name), seen);
    this.#seen.set(seen.name, JSON.stringify(seen));
    this.#store.post(seenOutbox(seen, tell));
    const job = { team: seen.team, name: seen.name };
    if (tell) this.told.push({ type: 'JobSlotsSeen', job });
    const look = slotsLook(seen);
    if (look) this.looks.push({ job, delaySeconds: look.delaySeconds });
  }
}

function expecting(
  stored: string | undefined,
  next: { readonly version: number; readonly name: string },
): void {
  const version = stored === undefined ? 0 : Versioned.parse(JSON.parse(stored)).version;
  if (version === next.version - 1) return;
  throw new Conflict(`The slots of ${next.name} are not at version ${next.version - 1} any more.`);
}
