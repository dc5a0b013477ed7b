/** Requests by their idempotency keys, in memory. */
import { addSeconds, type Instant } from '#core/names.ts';
import type { Begun, KeptAnswer, RequestRef, Requests } from '#core/request-ports.ts';

interface Known {
  readonly state: 'running' | 'done' | 'free';
  readonly fingerprint: string;
  readonly until: Instant;
  readonly expiresAt: Instant;
  readonly answer?: KeptAnswer;
}

export class MemoryRequests implements Requests {
  readonly #known = new Map<string, Known>();

  async begin(ref: RequestRef, fingerprint: string, now: Instant, until: Instant): Promise<Begun> {
    const known = this.#known.get(idOf(ref));
    if (!known || isOpen(known, fingerprint, now)) {
      const expiresAt = addSeconds(now, 24 * 3600);
      this.#known.set(idOf(ref), { state: 'running', fingerprint, until, expiresAt });
      return { state: 'yours' };
    }
    if (known.fingerprint !== fingerprint) return { state: 'other' };
    if (known.answer) return { state: 'answered', answer: known.answer };
    return { state: known.state === 'running' ? 'running' : 'done' };
  }

  async finish(ref: RequestRef, answer: KeptAnswer): Promise<void> {
    const known = this.#known.get(idOf(ref));
    if (!known) return;
    const fits = answer.body.length <= 350 * 1024;
    this.#known.set(idOf(ref), { ...known, state: 'done', ...(fits && { answer }) });
  }

  async free(ref: RequestRef): Promise<void> {
    const known = this.#known.get(idOf(ref));
    if (known?.state === 'running') this.#known.set(idOf(ref), { ...known, state: 'free' });
  }

  /** As the table does with the change that it is. */
  done(ref: RequestRef): void {
    const known = this.#known.get(idOf(ref));
    if (known) this.#known.set(idOf(ref), { ...known, state: 'done' });
  }
}

const idOf = ({ person, key }: RequestRef): string => `${person}#${key}`;

const isOpen = (known: Known, fingerprint: string, now: Instant): boolean =>
  known.state === 'free' ||
  known.expiresAt <= now ||
  (known.state === 'running' && known.until <= now && known.fingerprint === fingerprint);
