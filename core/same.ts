/** Whether two values of JSON say the same. */

/** Whatever the order of fields; a field that is undefined is not there, and no object is an empty one. */
export function isSame(a: unknown = {}, b: unknown = {}): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((each, i) => isSame(each, b[i]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const names = [a, b].map((record) => Object.keys(record).filter((name) => record[name] !== undefined));
  return names[0]?.length === names[1]?.length && (names[0] ?? []).every((name) => isIn(b, name, a[name]));
}

const isIn = (record: Record<string, unknown>, name: string, value: unknown): boolean =>
  record[name] !== undefined && isSame(value, record[name]);

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
