/**
 * Whether a job's results are of a whole table: each range of its plan was read, by the chunk of that range, and by one alone. The plan's
 * ranges touch and leave no key out, so nothing else has to be compared.
 */
import { isSame } from '../../same.ts';
import { type KeyRange, type KeyTuple, rangesOf } from './table.ts';

export interface ReadRange {
  readonly chunk: string;
  readonly range: KeyRange | undefined;
}

export type RangeFault = { readonly kind: 'range'; readonly chunk: string; readonly why: string };

/** @param bounds of the plan. @param read as the manifest has it. */
export function verifyRanges(bounds: Iterable<KeyTuple>, read: readonly ReadRange[]): readonly RangeFault[] {
  const faults: RangeFault[] = [];
  const fault = (chunk: string, why: string) => faults.push({ kind: 'range', chunk, why });
  const left = Map.groupBy(read, ({ chunk }) => chunk);
  let number = 0;
  for (const planned of rangesOf(bounds)) {
    const chunk = String(number++);
    const [first, second] = left.get(chunk) ?? [];
    left.delete(chunk);
    if (first === undefined) fault(chunk, 'nobody read its rows');
    else if (!isSame(first.range, planned)) fault(chunk, 'it read another range than was planned');
    if (second !== undefined) fault(chunk, 'its rows were read twice');
  }
  for (const chunk of left.keys()) fault(chunk, 'it is not in the plan');
  return faults;
}
