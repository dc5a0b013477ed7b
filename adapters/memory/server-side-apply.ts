/** Server-side apply, as far as one manager and people beside it need it: our fields win, theirs stay. */
import { keyOf, wholeFields } from '#core/drift.ts';
import { isRecord } from '#core/same.ts';

/** A list whose elements have names is merged by them; any other is taken whole. */
export function mergeApplied(live: unknown, ours: unknown): unknown {
  if (Array.isArray(ours)) return mergeList(Array.isArray(live) ? live : [], ours);
  if (!isRecord(ours)) return ours;
  const merged: Record<string, unknown> = isRecord(live) ? { ...live } : {};
  for (const [name, value] of Object.entries(ours)) {
    merged[name] = wholeFields.has(name) ? structuredClone(value) : mergeApplied(merged[name], value);
  }
  return merged;
}

function mergeList(live: readonly unknown[], ours: readonly unknown[]): unknown[] {
  if (ours.length === 0 || ours.some((element) => keyOf(element) === undefined))
    return structuredClone([...ours]);
  const keys = ours.map(keyOf);
  const theirs = live.filter((element) => !keys.includes(keyOf(element)));
  const merged = ours.map((element) =>
    mergeApplied(
      live.find((other) => keyOf(other) === keyOf(element)),
      element,
    ),
  );
  return [...merged, ...theirs];
}
