/** EventBridge's patterns, as far as core/flow.ts uses them: exact values, prefixes and wildcards. */
import type { Filter, Subscription } from '#core/flow.ts';
import * as z from '#core/zod.ts';

export interface Envelope {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const Matcher = z.union([
  z.string(),
  z.strictObject({ prefix: z.string() }),
  z.strictObject({ wildcard: z.string() }),
]);

export function matches({ source, detailTypes, detail = {} }: Subscription, event: Envelope): boolean {
  return (
    event.source === source && detailTypes.includes(event['detail-type']) && isFiltered(detail, event.detail)
  );
}

const Fields = z.record(z.string(), z.unknown());
const Matchers = z.array(Matcher);

const isFiltered = (filter: Filter, value: unknown): boolean =>
  Object.entries(filter).every(([field, inner]) => {
    const { [field]: found } = Fields.safeParse(value).data ?? {};
    const matchers = Matchers.safeParse(inner).data;
    if (matchers) return matchers.some((matcher) => isMatched(matcher, found));
    return !Array.isArray(inner) && isFiltered(Fields.parse(inner) as Filter, found);
  });

function isMatched(matcher: z.infer<typeof Matcher>, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (typeof matcher === 'string') return value === matcher;
  if ('prefix' in matcher) return value.startsWith(matcher.prefix);
  const parts = matcher.wildcard.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(value);
}
