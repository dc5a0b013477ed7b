/** What is asked of a build's log. */
import * as z from '#core/zod.ts';
import { EnvironmentPath } from './schemas.ts';

export const BuildPath = z.object({
  ...EnvironmentPath.shape,
  number: z.pipe(z.string().check(z.regex(/^[1-9]\d{0,8}$/, "a build's number")), z.transform(Number)),
});
export const BuildLogQuery = z.strictObject({
  cursor: z
    .optional(z.string().check(z.regex(/^[A-Za-z0-9._-]{1,2048}$/, 'the `cursor` of an earlier page')))
    .check(z.describe('`cursor` of the page before; without it from the beginning.')),
});
