/** Asks the DNS stage's function what it would do. The caller needs no right to the zone. */
import { DryRunAnswer, type DryRunRequest } from '#core/dns-dry-run.ts';
import type { NamePlanner } from '#core/ports.ts';
import { ask, functionClient } from './function-client.ts';

export class LambdaNamePlanner implements NamePlanner {
  readonly #name: string;
  readonly #client = functionClient();

  constructor(functionName: string) {
    this.#name = functionName;
  }

  plan(request: DryRunRequest): Promise<DryRunAnswer> {
    return ask(this.#client, { name: this.#name, request, what: 'the DNS stage' }, DryRunAnswer);
  }
}
