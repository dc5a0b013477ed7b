/**
 * Who calls, from the claims that the gateway's JWT authorizer has checked. HTTP APIs hand an array claim on as text:
 * `[a b]`; a group's name may hold a comma, and no space. Sources: API Gateway developer guide, "JWT authorizers for
 * HTTP APIs", payload format 2.0; Cognito API reference, GroupType.
 */
import { parse } from '#core/errors.ts';
import type { Person } from '#core/roles.ts';
import * as z from '#core/zod.ts';

const Groups = z.pipe(
  z.optional(z.union([z.array(z.string()), z.string()])),
  z.transform((groups) => {
    if (groups === undefined) return [];
    return typeof groups === 'string'
      ? groups
          .replace(/^\[|\]$/g, '')
          .split(/\s+/)
          .filter(Boolean)
      : groups;
  }),
);

const Event = z.object({
  requestContext: z.object({
    requestId: z.optional(z.string()),
    authorizer: z.object({
      jwt: z.object({
        claims: z.object({
          sub: z.string(),
          username: z.optional(z.string()),
          'cognito:username': z.optional(z.string()),
          'cognito:groups': Groups,
        }),
      }),
    }),
  }),
});

export function personOf(event: unknown): Person {
  const { claims } = parse(Event, event, "the gateway's event").requestContext.authorizer.jwt;
  const name = claims.username ?? claims['cognito:username'] ?? claims.sub;
  return { name, groups: claims['cognito:groups'] };
}

/** The gateway's id of the request: its access log has it, too. */
export const requestIdOf = (event: unknown): string | undefined =>
  Event.safeParse(event).data?.requestContext.requestId;
