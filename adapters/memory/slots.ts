/** What two stages say to each other of a data job's slots, in memory; `told` is what the outbox would tell. */
import { Conflict } from '#core/errors.ts';
import { slotsLook } from '#core/jobs/slot-messages.ts';
import { type JobKey, type Slots, SlotsSeen, SlotsWanted } from '#core/jobs/slots.ts';

export class MemorySlots implements Slots {
  readonly #wanted = new Map<string, string>();
  readonly #seen = new Map<string, string>();
  readonly told: { readonly type: 'JobSlotsWanted' | 'JobSlotsSeen'; readonly job: JobKey }[] = [];
  /** That it asked for of itself. */
  readonly looks: { readonly job: JobKey; readonly delaySeconds: number }[] = [];

  async wanted({ name }: JobKey): Promise<SlotsWanted | undefined> {
    const text = this.#wanted.get(name);
    return text === undefined ? undefined : SlotsWanted.parse(JSON.parse(text));
  }

  async seen({ name }: JobKey): Promise<SlotsSeen | undefined> {
    const text = this.#seen.get(name);
    return text === undefined ? undefined : SlotsSeen.parse(JSON.parse(text));
  }

  async want(wanted: SlotsWanted): Promise<void> {
    expecting(await this.wanted(wanted), wanted);
    this.#wanted.set(wanted.name, JSON.stringify(wanted));
    this.told.push({ type: 'JobSlotsWanted', job: { team: wanted.team, name: wanted.name } });
  }

  async see(seen: SlotsSeen, tell: boolean): Promise<void> {
    expecting(await this.seen(seen), seen);
    this.#seen.set(seen.name, JSON.stringify(seen));
    const job = { team: seen.team, name: seen.name };
    if (tell) this.told.push({ type: 'JobSlotsSeen', job });
    const look = slotsLook(seen);
    if (look) this.looks.push({ job, delaySeconds: look.delaySeconds });
  }
}

function expecting(
  stored: { readonly version: number } | undefined,
  next: { readonly version: number; readonly name: string },
): void {
  if ((stored?.version ?? 0) === next.version - 1) return;
  throw new Conflict(`The slots of ${next.name} are not at version ${next.version - 1} any more.`);
}
