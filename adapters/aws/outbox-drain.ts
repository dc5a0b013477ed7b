/** Asks the outbox's function to send all that is pending. The caller needs no right to tell an event itself. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type DrainAnswer, DrainAnswer as DrainAnswerSchema, type DrainRequest } from '#core/drain.ts';
import { parseJson, Retryable } from '#core/errors.ts';
import type { OutboxDrain } from '#core/ports.ts';
import { once } from '../once.ts';

export class LambdaOutboxDrain implements OutboxDrain {
  readonly #functionName: string;
  readonly #client: () => LambdaClient;

  constructor(functionName: string, client: () => LambdaClient = once(() => new LambdaClient({}))) {
    this.#functionName = functionName;
    this.#client = client;
  }

  async drain(entries: DrainRequest['entries']): Promise<DrainAnswer> {
    const request: DrainRequest = { kind: 'drain', entries: [...entries] };
    const answer = await this.#client().send(
      new InvokeCommand({ FunctionName: this.#functionName, Payload: JSON.stringify(request) }),
    );
    const text = new TextDecoder().decode(answer.Payload);
    if (answer.FunctionError !== undefined)
      throw new Retryable(`The outbox's function failed (${answer.FunctionError}): ${text.slice(0, 500)}`);
    return parseJson(DrainAnswerSchema, text, "the outbox's answer");
  }
}
