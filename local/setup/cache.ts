/** The folder that all instances and checkouts share. */
import { existsSync, readdirSync } from 'node:fs';

/** Whether a finished entry `<name>-<hash>` is there; one still being made has another name. */
export const cachedIn = (cache: string, name: string): boolean =>
  existsSync(cache) && readdirSync(cache).some((entry) => new RegExp(`^${name}-[0-9a-f]+$`).test(entry));
