/**
 * The three ways in which a stage can fail. Who catches them: the queue wrapper retries `Retryable` and `Conflict`
 * and sends `Rejected` to the DLQ with its reason; the HTTP wrapper answers 503, 409 and the status given.
 */
import type * as z from './zod.ts';

/** It may work later: a throttle, a time-out, an answer that is not there yet. */
export class Retryable extends Error {
  override readonly name = 'Retryable';
}

/** Somebody else wrote first: read again and decide again. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
}

/** It can't work, however often it is tried: the message says what is wrong, where, and what to do. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
}

/** `where` names the thing parsed, so that a person can find it: "event 7c1f… (ECR Image Scan)". */
export function parse<S extends z.ZodMiniType>(schema: S, value: unknown, where: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Rejected(`${where} is not valid: ${problemsOf(parsed.error)}`);
}

/** What is wrong and where, without the values: they may be a person's. */
export const problemsOf = ({ issues }: z.core.$ZodError): string =>
  issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`).join('; ');

export function parseJson<S extends z.ZodMiniType>(schema: S, text: string, where: string): z.infer<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Rejected(`${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parse(schema, value, where);
}

/** The end of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`not handled: ${JSON.stringify(value)}`);
}
