/** DLQs in memory: what is received is hidden until its time is over, it is given back, or removed. */
import type { DeadLetterPlace, DeadMessage } from '#core/dead-letter.ts';
import { Rejected } from '#core/errors.ts';
import { addSeconds } from '#core/names.ts';
import type { Clock, DeadLetterQueues, HeldMessage } from '#core/ports.ts';

interface Kept extends DeadMessage {
  hiddenUntil: string;
  receives: number;
}

export class MemoryDeadLetters implements DeadLetterQueues {
  readonly places: readonly DeadLetterPlace[];
  /** What was sent back to the stages' queues. */
  readonly resent: { readonly name: string; readonly body: string }[] = [];
  /** Called before each step: a test throws here for a queue that does not answer. */
  before: (step: 'receive' | 'release' | 'resend' | 'remove', message?: HeldMessage) => void = () =>
    undefined;
  readonly #queues = new Map<string, Kept[]>();
  readonly #clock: Clock;

  constructor(places: readonly DeadLetterPlace[], clock: Clock) {
    this.places = places;
    this.#clock = clock;
  }

  put(name: string, message: DeadMessage): void {
    this.#queue(name).push({ ...message, hiddenUntil: '', receives: 0 });
  }

  async count(name: string): Promise<number> {
    return this.#queue(name).length;
  }

  async receive(name: string, seconds: number): Promise<readonly HeldMessage[]> {
    this.before('receive');
    const now = this.#clock.now();
    const free = this.#queue(name).filter(({ hiddenUntil }) => hiddenUntil <= now);
    return free.slice(0, 10).map((kept) => {
      kept.hiddenUntil = addSeconds(now, seconds);
      kept.receives += 1;
      const { hiddenUntil: _, receives, ...message } = kept;
      return { ...message, handle: `${message.id} ${receives}` };
    });
  }

  async release(name: string, held: HeldMessage): Promise<void> {
    this.before('release', held);
    const kept = this.#held(name, held);
    if (kept) kept.hiddenUntil = '';
  }

  async resend(name: string, held: HeldMessage): Promise<void> {
    this.before('resend', held);
    this.#queue(name);
    if (this.places.find((place) => place.name === name)?.queueUrl === undefined)
      throw new Rejected(`${name} has no queue that its messages could go back to.`);
    this.resent.push({ name, body: held.body });
  }

  async remove(name: string, held: HeldMessage): Promise<void> {
    this.before('remove', held);
    const kept = this.#held(name, held);
    this.#queues.set(
      name,
      this.#queue(name).filter((other) => other !== kept),
    );
  }

  #held(name: string, { handle }: HeldMessage): Kept | undefined {
    return this.#queue(name).find(({ id, receives }) => handle === `${id} ${receives}`);
  }

  #queue(name: string): Kept[] {
    if (!this.places.some((place) => place.name === name)) throw new Rejected(`There is no DLQ ${name}.`);
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    return queue;
  }
}
