/**
 * A request and its answer as API Gateway writes them for a function behind an HTTP API. Source: API Gateway developer
 * guide, "Create AWS Lambda proxy integrations for HTTP APIs", format 2.0: names of headers are in lower case there.
 */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { HttpRequest } from '#api/app.ts';
import { parse } from '#core/errors.ts';
import type { Claims } from '#core/identity.ts';
import type { KeptAnswer } from '#core/request-ports.ts';
import * as z from '#core/zod.ts';
import { personOf, requestIdOf } from './person.ts';

const Event = z.object({
  rawPath: z.string(),
  rawQueryString: z.string(),
  headers: z.record(z.string(), z.optional(z.string())),
  body: z.optional(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
});

export function requestOf(event: unknown, claims: Claims): HttpRequest {
  const { rawPath, rawQueryString, headers, body, isBase64Encoded, requestContext } = parse(
    Event,
    event,
    "the gateway's event",
  );
  return {
    method: requestContext.http.method,
    path: rawPath,
    query: rawQueryString,
    header: (name) => headers[name.toLowerCase()],
    text: () => Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString('utf8'),
    person: () => personOf(event, claims),
    requestId: requestIdOf(event),
  };
}

export const answerOf = ({ status, headers, body }: KeptAnswer): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { ...headers },
  body,
});
