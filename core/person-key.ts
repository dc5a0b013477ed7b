/**
 * A person's SSH key in a team: it opens the team's environments until it is revoked, and is never good again after that.
 * One key is one person's: who logs in is known by it.
 */

import { type Refusal, refuse } from './decision.ts';
import { Instant, TeamName } from './names.ts';
import { keyTypes, type PublicKey } from './ssh-key.ts';
import * as z from './zod.ts';

/** The fingerprint's own digest, in letters that a path can hold. */
export const KeyId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_-]{43}$/, "a key's id: 43 letters, digits, - and _"));

const fields = {
  team: TeamName,
  id: KeyId,
  person: z.string(),
  type: z.enum(keyTypes),
  blob: z.base64(),
  fingerprint: z.string(),
  comment: z.string(),
  addedAt: Instant,
};

export const PersonKey = z.discriminatedUnion('state', [
  z.object({ state: z.literal('good'), version: z.literal(1), ...fields }),
  z.object({
    state: z.literal('revoked'),
    version: z.literal(2),
    ...fields,
    revokedBy: z.string(),
    revokedAt: Instant,
  }),
]);
export type PersonKey = z.infer<typeof PersonKey>;
export type GoodKey = Extract<PersonKey, { state: 'good' }>;
export type RevokedKey = Extract<PersonKey, { state: 'revoked' }>;

/** More than anybody has machines; revoked ones don't count. */
export const keysPerPerson = 20;

const keyIdOf = ({ fingerprint }: Fingerprinted): string =>
  fingerprint.slice('SHA256:'.length).replaceAll('+', '-').replaceAll('/', '_');

/** With its SHA-256, as `ssh-keygen -l` and sshd's log write it. */
type Fingerprinted = PublicKey & { readonly fingerprint: string };

interface Addition {
  readonly team: TeamName;
  readonly person: string;
  readonly key: Fingerprinted;
  /** Of the team, whatever became of them. */
  readonly known: readonly PersonKey[];
  readonly now: Instant;
}

/** Adding what is there already is no mistake: it stays as it is. */
export function addKey({ team, person, key, known, now }: Addition): PersonKey | Refusal {
  const id = keyIdOf(key);
  const same = known.find((each) => each.id === id);
  if (same) return sameAgain(same, person);
  const held = known.filter((each) => each.person === person && each.state === 'good').length;
  if (held >= keysPerPerson) {
    const detail = `${person} has ${held} keys in team ${team}, as many as there may be: revoke one first.`;
    return refuse(409, 'Too many keys', detail);
  }
  return { state: 'good', version: 1, team, id, person, ...key, addedAt: now };
}

function sameAgain(same: PersonKey, person: string): PersonKey | Refusal {
  if (same.state === 'revoked') {
    const detail = `${same.fingerprint} was revoked at ${same.revokedAt}, and stays so: make a new key.`;
    return refuse(409, 'A revoked key', detail);
  }
  if (same.person === person) return same;
  const detail = `${same.fingerprint} is another person's: each has a key of their own, so that it says who logs in.`;
  return refuse(409, "Another person's key", detail);
}

interface Revocation {
  readonly key: PersonKey;
  readonly person: string;
  /** Whoever answers for the team. */
  readonly mayRevokeOthers: boolean;
  readonly now: Instant;
}

/** Revoking what is revoked changes nothing: the first time counts. */
export function revokeKey({ key, person, mayRevokeOthers, now }: Revocation): RevokedKey | Refusal {
  if (key.person !== person && !mayRevokeOthers) {
    const detail = `${key.fingerprint} is ${key.person}'s: they, or approvers of team ${key.team}, revoke it.`;
    return refuse(403, "Another person's key", detail);
  }
  if (key.state === 'revoked') return key;
  return { ...key, state: 'revoked', version: 2, revokedBy: person, revokedAt: now };
}
