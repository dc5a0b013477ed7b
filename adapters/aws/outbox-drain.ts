/** Asks the outbox's function to send all that is pending. The caller needs no right to tell an event itself. */
import { DrainAnswer, type DrainRequest } from '#core/drain.ts';
import type { OutboxDrain } from '#core/ports.ts';
import { ask, functionClient } from './function-client.ts';

export class LambdaOutboxDrain implements OutboxDrain {
  readonly #name: string;
  readonly #client = functionClient();

  constructor(functionName: string) {
    this.#name = functionName;
  }

  drain(entries: DrainRequest['entries']): Promise<DrainAnswer> {
    const request: DrainRequest = { kind: 'drain', entries: [...entries] };
    return ask(this.#client, { name: this.#name, request, what: "the outbox's function" }, DrainAnswer);
  }
}
