/**
 * Whether a job's results are of its whole input: the ranges that workers read lie end to end over each object, with no gap
 * and no overlap, and their checksums together are the object's own where that is known.
 */
import type { Part } from './chunk.ts';
import { combineCrc32 } from './crc32.ts';
import type { ListedObject } from './dataset.ts';

export type Fault =
  | { readonly kind: 'gap' | 'overlap'; readonly key: string; readonly from: number; readonly to: number }
  | { readonly kind: 'unknown-object'; readonly key: string }
  | { readonly kind: 'checksum'; readonly key: string; readonly expected: number; readonly found: number };

export interface Verified {
  readonly faults: readonly Fault[];
  readonly bytes: number;
  readonly records: number;
}

export interface ReadPart extends Pick<Part, 'from' | 'to' | 'records' | 'crc32'> {
  readonly key: string;
}

export function verify(objects: readonly ListedObject[], parts: readonly ReadPart[]): Verified {
  const byKey = Map.groupBy(parts, ({ key }) => key);
  const known = new Set(objects.map(({ key }) => key));
  const strangers = [...byKey.keys()].filter((key) => !known.has(key));
  const faults = objects.flatMap((object) => faultsOf(object, byKey.get(object.key) ?? []));
  return {
    faults: [...strangers.map((key): Fault => ({ kind: 'unknown-object', key })), ...faults],
    bytes: sum(parts.map(({ from, to }) => to - from)),
    records: sum(parts.map(({ records }) => records)),
  };
}

function faultsOf({ key, size, crc32 }: ListedObject, parts: readonly ReadPart[]): Fault[] {
  const faults: Fault[] = [];
  // One without a record covers nothing, wherever it is.
  const read = parts.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from || a.to - b.to);
  let at = 0;
  let sumSoFar = 0;
  for (const part of read) {
    if (part.from > at) faults.push({ kind: 'gap', key, from: at, to: part.from });
    if (part.from < at) faults.push({ kind: 'overlap', key, from: part.from, to: Math.min(at, part.to) });
    sumSoFar = combineCrc32(sumSoFar, part.crc32, part.to - part.from);
    at = Math.max(at, part.to);
  }
  if (at < size) faults.push({ kind: 'gap', key, from: at, to: size });
  if (at > size) faults.push({ kind: 'overlap', key, from: size, to: at });
  if (faults.length === 0 && crc32 !== undefined && crc32 !== sumSoFar)
    faults.push({ kind: 'checksum', key, expected: crc32, found: sumSoFar });
  return faults;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
