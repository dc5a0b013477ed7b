/** An environment of its own for each test of a store, and patience with what it shows. */
import { vi } from 'vitest';
import type { EnvironmentKey } from '#core/names.ts';
import { keyOf } from './samples.ts';

let runs = 0;
/** Stores outlive a test: each has an environment of its own. */
export const newKey = (): EnvironmentKey =>
  keyOf('contract', `n${(runs++).toString(36)}-${Date.now().toString(36)}`);
export const all = 1000;
/** Indexes follow the table after a while. */
export const soon = <T>(seen: () => Promise<T>): Promise<T> =>
  vi.waitFor(seen, { timeout: 20_000, interval: 50 });
