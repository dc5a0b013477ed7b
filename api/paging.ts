/** Lists of what one team has, which are read whole and given out page by page, by their own ids: what comes between two pages is not twice in them. */
import * as z from '#core/zod.ts';

const pageSize = 100;

export const limit = z
  .optional(z.pipe(z.string().check(z.regex(/^(?:[1-9]\d?|100)$/, 'from 1 to 100')), z.transform(Number)))
  .check(z.describe('How many a page has at most.'));

/** Query of such a list. @param id as the list's items have them. */
export const pageQuery = (id: z.ZodMiniType<string, string>) =>
  z.strictObject({
    cursor: z.optional(id).check(z.describe('`next` of the page before.')),
    limit,
  });

interface Asked {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** @returns `next`, the id of the last one, where there are others after it. */
export function pageOf<T>(
  all: readonly T[],
  idOf: (one: T) => string,
  { cursor, limit = pageSize }: Asked,
): { readonly page: readonly T[]; readonly next?: string } {
  const left = all
    .map((one) => ({ id: idOf(one), one }))
    .filter(({ id }) => cursor === undefined || id > cursor)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const taken = left.slice(0, limit);
  const last = taken.at(-1);
  return {
    page: taken.map(({ one }) => one),
    ...(left.length > taken.length && last && { next: last.id }),
  };
}
