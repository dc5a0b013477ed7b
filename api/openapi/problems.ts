/** Which statuses a route may answer beside what it promises: our code's problems, and the gateway's own refusals. */
import * as z from '#core/zod.ts';
import { none, type RouteData, takesNothing } from '../route.ts';

/** What an HTTP API answers before, or in place of, our code (API Gateway developer guide, HTTP API quotas and errors). */
export const GatewayMessage = z.object({ message: z.string() });

export interface ProblemStatus {
  readonly status: number;
  readonly by: 'us' | 'gateway' | 'both';
}

export function problemsOf({ who, params, headers, query, body, problems = [] }: RouteData): ProblemStatus[] {
  const us = (...statuses: readonly number[]) => statuses.map((status) => ({ status, by: 'us' as const }));
  const both = (...statuses: readonly number[]) =>
    statuses.map((status) => ({ status, by: 'both' as const }));
  const isSigned = who !== 'everybody';
  const takesBody = !takesNothing(body);
  const all = [
    ...us(...problems),
    ...(takesBody || headers !== none ? us(400) : []),
    ...('if-match' in headers.shape ? us(412, 428) : []),
    ...(takesBody ? both(413) : []),
    ...('idempotency-key' in headers.shape ? us(409, 422) : []),
    ...(isSigned ? [{ status: 401, by: 'gateway' as const }] : []),
    ...(isSigned && who !== 'signed-in' ? us(403) : []),
    ...(params !== none || takesBody ? both(404) : []),
    ...(query !== none || takesBody ? us(422) : []),
    ...both(429, 500, 503),
  ];
  return [...new Map(all.map((one) => [one.status, one])).values()].sort((a, b) => a.status - b.status);
}

const says: Readonly<Record<number, string>> = {
  200: 'It is so.',
  201: 'It is made.',
  202: 'It is taken, and done in a while.',
  400: 'The body is not JSON, or a header that is needed is not there.',
  401: 'No token, or one that is not valid: the gateway says it.',
  403: 'This person may not: the detail says whose right it is.',
  404: 'There is nothing of this name.',
  409: 'It can not be done as things stand: the detail says why.',
  412: 'It changed since it was read: read it again.',
  413: 'The body is too large.',
  422: 'It is understood and not valid: every field that is wrong is named.',
  428: 'The version that is to be changed is not named: send If-Match.',
  429: 'Too many requests: Retry-After says when to come again.',
  500: 'A defect of ours.',
  503: 'It may work in a moment: try again.',
};

export function statusSays(status: number): string {
  const text = says[status];
  if (text === undefined) throw new Error(`Say in api/openapi/problems.ts what an answer ${status} means.`);
  return text;
}
