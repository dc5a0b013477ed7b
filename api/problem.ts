/** How a route says no: RFC 9457, with the fields that are wrong. */
import type { Refusal } from '#core/decision.ts';
import { Conflict, Rejected, Retryable } from '#core/errors.ts';
import type { KeptAnswer } from '#core/request-ports.ts';
import type * as z from '#core/zod.ts';
import type { Problem } from './answers.ts';

type Headers = Readonly<Record<string, string>>;

export class ProblemError extends Error {
  readonly problem: Problem;
  readonly headers: Headers;
  constructor(
    status: number,
    title: string,
    detail: string,
    more: { readonly fields?: Problem['fields']; readonly headers?: Headers } = {},
  ) {
    super(detail);
    const { fields, headers = {} } = more;
    this.problem = { type: 'about:blank', title, status, detail, ...(fields ? { fields } : {}) };
    this.headers = headers;
  }
}

export const refused = ({ status, title, detail }: Refusal): ProblemError =>
  new ProblemError(status, title, detail);

export type Fields = NonNullable<Problem['fields']>;

/** @param whole what is wrong where no field of it is. */
export const invalid = (fields: Fields, whole = 'the body'): ProblemError =>
  invalidParts([{ fields, whole }]);

/** What is wrong with all parts of a request, at once. */
export function invalidParts(parts: readonly { readonly fields: Fields; readonly whole: string }[]) {
  const detail = parts.flatMap(({ fields, whole }) =>
    fields.map(({ path, message }) => `${path || whole}: ${message}`),
  );
  const fields = parts.flatMap((part) => part.fields);
  return new ProblemError(422, 'The request is not valid', detail.join('; '), { fields });
}

export const fieldsOf = ({ issues }: z.core.$ZodError): Fields =>
  issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));

/** What is answered for an error; undefined for one that nobody foresaw. */
export function foreseen(error: unknown): ProblemError | undefined {
  if (error instanceof ProblemError) return error;
  if (error instanceof Conflict)
    return new ProblemError(409, 'Changed meanwhile', `${error.message} Read it and try again.`);
  if (error instanceof Rejected) return new ProblemError(422, 'The request is not taken', error.message);
  if (error instanceof Retryable)
    return new ProblemError(503, 'Try again', error.message, { headers: { 'retry-after': '1' } });
  return undefined;
}

export const problemAnswer = ({ problem, headers }: ProblemError): KeptAnswer => ({
  status: problem.status,
  headers: { ...headers, 'content-type': 'application/problem+json' },
  body: JSON.stringify(problem),
});
