/** The folder that all instances and checkouts share. */
import { existsSync, readdirSync } from 'node:fs';

/** Whether a finished entry is there; those still being made have a suffix behind a dot. */
export const cachedIn = (cache: string, prefix: string): boolean =>
  existsSync(cache) &&
  readdirSync(cache).some((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('.'));
