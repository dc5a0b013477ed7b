/** What a kept snapshot is called: by the environment that it is of, and the instant of its end. */
import type { EnvironmentName, Instant } from './names.ts';
import * as z from './zod.ts';

export const SnapshotName = z
  .string()
  .check(
    z.maxLength(39),
    z.regex(/^[a-z](?:-?[a-z0-9])*-\d{14}$/, 'the name of a snapshot, such as web-20260105100000'),
  );
export type SnapshotName = z.infer<typeof SnapshotName>;

/** To the second: nothing of one name ends twice in one. */
export const secondOf = (instant: Instant): string => instant.replace(/\D/g, '').slice(0, 14);

export const snapshotNameOf = (name: EnvironmentName, at: Instant): SnapshotName => `${name}-${secondOf(at)}`;
