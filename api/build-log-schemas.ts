/** What a build printed, as it goes over the wire: a page, and where the next one begins. */
import { Instant } from '#core/names.ts';
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
export const BuildLogAnswer = z.object({
  lines: z.array(z.object({ at: Instant, text: z.string() })),
  /** Where to read on; absent while nothing was printed. */
  cursor: z.optional(z.string()),
  /** There are lines behind this page already. */
  more: z.boolean(),
  /** No line comes after this page any more. */
  ended: z.boolean(),
});
export type BuildLogAnswer = z.infer<typeof BuildLogAnswer>;
