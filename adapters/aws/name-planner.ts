/** Asks the DNS stage's function what it would do. The caller needs no right to the zone. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  type DryRunAnswer,
  DryRunAnswer as DryRunAnswerSchema,
  type DryRunRequest,
} from '#core/dns-dry-run.ts';
import { parseJson, Retryable } from '#core/errors.ts';
import type { NamePlanner } from '#core/ports.ts';
import { once } from '../once.ts';
import { retryable } from './errors.ts';

export class LambdaNamePlanner implements NamePlanner {
  readonly #functionName: string;
  readonly #client: () => LambdaClient;

  constructor(functionName: string, client: () => LambdaClient = once(() => new LambdaClient({}))) {
    this.#functionName = functionName;
    this.#client = client;
  }

  async plan(request: DryRunRequest): Promise<DryRunAnswer> {
    const command = new InvokeCommand({ FunctionName: this.#functionName, Payload: JSON.stringify(request) });
    const answer = await retryable('Invoke', () => this.#client().send(command));
    const text = new TextDecoder().decode(answer.Payload);
    if (answer.FunctionError !== undefined)
      throw new Retryable(`The DNS stage could not say (${answer.FunctionError}): ${text.slice(0, 500)}`);
    return parseJson(DryRunAnswerSchema, text, "the DNS stage's answer");
  }
}
