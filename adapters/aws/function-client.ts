/** Asks another function and waits for its answer: for what that one alone has the right to do. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { parseJson, Retryable } from '#core/errors.ts';
import type * as z from '#core/zod.ts';
import { once } from '../once.ts';
import { retryable } from './errors.ts';

export type FunctionClient = () => Pick<LambdaClient, 'send'>;
/** Made by the first question: most invocations of those who may ask have none. */
export const functionClient = (): FunctionClient => once(() => new LambdaClient({}));

/** @throws Retryable where it failed, with its own words; Rejected where its answer is none. */
export async function ask<S extends z.ZodMiniType>(
  client: FunctionClient,
  { name, request, what }: { readonly name: string; readonly request: object; readonly what: string },
  answer: S,
): Promise<z.infer<S>> {
  const command = new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(request) });
  const { Payload, FunctionError } = await retryable('Invoke', () => client().send(command));
  const text = new TextDecoder().decode(Payload);
  if (FunctionError !== undefined)
    throw new Retryable(`${what} could not answer (${FunctionError}): ${text.slice(0, 500)}`);
  return parseJson(answer, text, `the answer of ${what}`);
}
