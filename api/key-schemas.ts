/** What is told of a person's key: its fingerprint says which it is. */
import { Instant } from '#core/names.ts';
import { KeyId } from '#core/person-key.ts';
import * as z from '#core/zod.ts';

export const KeyAnswer = z.object({
  id: KeyId,
  person: z.string(),
  type: z.string(),
  fingerprint: z.string(),
  comment: z.string(),
  state: z.enum(['good', 'revoked']),
  addedAt: Instant,
  revokedBy: z.optional(z.string()),
  revokedAt: z.optional(Instant),
});
export type KeyAnswer = z.infer<typeof KeyAnswer>;
