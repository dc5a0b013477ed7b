/**
 * Whether this slot is wanted still: the job's ConfigMap says how many are, and the kubelet brings what changes there into the
 * pod. One that is too many ends after its chunk, so that lowering a job's workers kills no work.
 */
import { readFile } from 'node:fs/promises';
import type { Env } from './env.ts';

export function wantedOf({ SLOTS_FILE, SLOT_NUMBER }: Pick<Env, 'SLOTS_FILE' | 'SLOT_NUMBER'>) {
  return async (): Promise<boolean> => {
    if (SLOTS_FILE === undefined) return true;
    const text = await readFile(SLOTS_FILE, 'utf8').catch(() => '');
    // What can't be read takes nobody's work away.
    return !/^\d{1,6}\n?$/.test(text) || SLOT_NUMBER < Number(text);
  };
}
