/**
 * Who calls, by the token that the gateway's JWT authorizer has just checked: signature, issuer, audience and time. The
 * claims that the gateway hands on are text, an array of groups is `[a b]`, and a group that is called `a b` would be two:
 * so they are read from the token itself. Source: API Gateway developer guide, "JWT authorizers for HTTP APIs".
 */
import { ProblemError } from '#api/problem.ts';
import { parse, parseJson, Rejected } from '#core/errors.ts';
import type { Claims } from '#core/identity.ts';
import type { Person } from '#core/roles.ts';
import * as z from '#core/zod.ts';

const Event = z.object({
  headers: z.object({ authorization: z.string() }),
  requestContext: z.object({
    authorizer: z.object({ jwt: z.object({ claims: z.object({ sub: z.string() }) }) }),
  }),
});
/** Of a route without a token too. */
const Asked = z.object({ requestContext: z.object({ requestId: z.string() }) });
const Token = z.record(z.string(), z.unknown());
const Name = z.optional(z.string().check(z.minLength(1), z.maxLength(255)));
/** A provider that has one group to tell may leave the array away. */
const Groups = z._default(
  z.union([
    z.array(z.string()),
    z.pipe(
      z.string(),
      z.transform((one) => [one]),
    ),
  ]),
  [],
);

export function personOf(event: unknown, { names, groups }: Claims): Person {
  const { headers, requestContext } = parse(Event, event, "the gateway's event");
  const token = claimsIn(headers.authorization);
  const { sub } = requestContext.authorizer.jwt.claims;
  if (token['sub'] !== sub) throw new Rejected('The token is not the one that the gateway has checked.');
  const found = names.map((claim) => parse(Name, token[claim], `claim ${claim} of the token`));
  const name = found.find((text) => text !== undefined);
  if (name === undefined) throw nobody(names);
  return { name, groups: parse(Groups, token[groups], `claim ${groups} of the token`) };
}

const nobody = (names: readonly string[]): ProblemError =>
  new ProblemError(
    403,
    'Nobody',
    `Your token has no claim ${names.join(' or ')}: it does not say who you are. Sign in again with the scopes that give it, or ask who runs GetSchwifty for another \`identity.nameClaim\`.`,
  );

/** RFC 7519, 3: three parts, the second of them the claims. The scheme is there or not: the gateway takes both. */
function claimsIn(authorization: string): z.infer<typeof Token> {
  const [, payload = ''] = authorization.replace(/^Bearer\s+/i, '').split('.');
  return parseJson(Token, Buffer.from(payload, 'base64url').toString('utf8'), 'the token');
}

/** The gateway's id of the request: its access log has it, too. */
export const requestIdOf = (event: unknown): string | undefined =>
  Asked.safeParse(event).data?.requestContext.requestId;
