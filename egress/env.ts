/** What the proxy of a build is given, by its project (lib/stages/build.ts) and by AWS. */
import { IndexWay } from '#core/indexes.ts';
import * as z from '#core/zod.ts';

const text = z.string().check(z.minLength(1));

export const Env = z.object({
  /** Hosts that may be reached, with a comma between them. */
  EGRESS_ALLOW: z.pipe(
    z.string(),
    z.transform((list) => list.split(',').filter((entry) => entry !== '')),
  ),
  /** Indexes that want a credential, as JSON. */
  EGRESS_INDEXES: z._default(z.string(), '[]'),
  /** `address:port`, or the path of a socket. */
  EGRESS_LISTEN: text,
});

export const IndexWays = z.array(IndexWay);

const word = z.string().check(z.regex(/^[^\s:]+$/));
const words = z.string().check(z.regex(/^\S+$/));
/** What a secret holds. */
export const Credential = z.object({ username: word, password: words });

/** GetAuthorizationToken. The second AWS CLI says when it ends as a date, the first as the service does: in seconds. */
export const Token = z.object({
  authorizationToken: words,
  expiration: z.pipe(
    z.union([z.number(), z.iso.datetime({ offset: true })]),
    z.transform((end) => (typeof end === 'number' ? end * 1000 : Date.parse(end))),
  ),
});
