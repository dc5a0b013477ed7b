/**
 * The order in which Route 53 lists records: by name with its labels reversed and a dot at the end, as ASCII, then by type
 * (API reference, ListResourceRecordSets). So `web-2` is listed before `web`: a hyphen comes before the dot.
 */

/** Where a listing goes on. */
export interface ZonePosition {
  readonly name: string;
  readonly type?: string | undefined;
}

const sortKey = (name: string): string => `${name.toLowerCase().split('.').reverse().join('.')}.`;

export function compareNames(a: string, b: string): number {
  const [first, second] = [sortKey(a), sortKey(b)];
  return first < second ? -1 : Number(first > second);
}
