/** A cluster's queue of sights, kept where a test can see it. */
import type { Sights } from '#core/ports.ts';

type Message = Parameters<Sights['send']>[0][number];

export class MemorySights implements Sights {
  readonly sent: Message[] = [];
  /** Why a message is not taken; none is refused until a test says so. */
  refuse: (message: Message) => string | undefined = () => undefined;

  async send(messages: readonly Message[]): Promise<readonly (string | undefined)[]> {
    const reasons = messages.map((message) => this.refuse(message));
    this.sent.push(...messages.filter((_, i) => reasons[i] === undefined));
    return reasons;
  }
}
