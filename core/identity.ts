/** Whose tokens say who people are: an OIDC provider of the organisation's own, or the stack's user pool. */
import * as z from './zod.ts';

const Claim = z.string().check(z.minLength(1), z.maxLength(128));

export const Identity = z.strictObject({
  /** As tokens name it (`iss`), to the letter; its keys are found by `<issuer>/.well-known/openid-configuration`. */
  issuer: z
    .url()
    .check(
      z.regex(/^https:\/\/[^?#]+$/, 'an https address without query, as the `iss` of its tokens has it'),
    ),
  /** Who the tokens are for, as their `aud` or `client_id` has it: a token for another application lets nobody in. */
  audience: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
  /**
   * The claim that is a person's name here. It must be one that the provider never gives to somebody else: approvals, keys and
   * the audit trail go by it. `sub` always is; an e-mail address may not be.
   */
  nameClaim: z._default(Claim, 'sub'),
  groupsClaim: z._default(Claim, 'groups'),
});
export type Identity = z.infer<typeof Identity>;

/** Where tokens have it: the first of the names that is there, and the groups. */
export interface Claims {
  readonly names: readonly string[];
  readonly groups: string;
}

/** An access token of a user pool has `username`, an ID token `cognito:username` (Cognito developer guide, "Using tokens"). */
const userPool: Claims = { names: ['username', 'cognito:username'], groups: 'cognito:groups' };

export const claimsOf = (identity: Identity | undefined): Claims =>
  identity ? { names: [identity.nameClaim], groups: identity.groupsClaim } : userPool;
