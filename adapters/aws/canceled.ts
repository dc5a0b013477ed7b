/** Why a transaction of the table was not made, as an error of ours. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import type { Change } from '#core/decision.ts';
import { Conflict, Rejected, Retryable } from '#core/errors.ts';
import type { KeptSnapshot } from '#core/kept-snapshot.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Ledger } from '#core/quota.ts';
import type { Transfer } from '#core/transfer/item.ts';

export const writtenFirst = ({ environment: { key, version } }: Change): string =>
  `${environmentId(key)} is no longer at version ${version - 1}: somebody else wrote first.`;
export const newerVerdict = (key: EnvironmentKey): string =>
  `A newer verdict on an image of ${environmentId(key)} is stored.`;
export const heldOtherwise = ({ team }: Ledger): string => `What team ${team} holds changed meanwhile.`;
export const keptOtherwise = ({ name, team }: KeptSnapshot): string =>
  `Snapshot ${name} of team ${team} changed meanwhile.`;
export const movedOtherwise = ({ from, version }: Transfer): string =>
  `The transfer of ${environmentId(from)} is no longer at version ${version - 1}: somebody else wrote first.`;

/** @param says for each of the items that come first, in their order, what is so where its condition failed. */
export function whyCanceled(error: unknown, key: EnvironmentKey, says: readonly string[]): unknown {
  if (error instanceof Error && error.name === 'ValidationException') return tooLarge(key, error.message);
  if (!(error instanceof TransactionCanceledException)) return error;
  const reasons = error.CancellationReasons ?? [];
  const invalid = reasons.find(({ Code }) => Code === 'ValidationError');
  if (invalid) return tooLarge(key, invalid.Message ?? invalid.Code ?? '');
  const codes = reasons.map((reason) => reason.Code);
  const failed = codes.indexOf('ConditionalCheckFailed');
  if (failed >= 0) return new Conflict(says[failed] ?? `${environmentId(key)} changed meanwhile.`);
  return new Retryable(`The change of ${environmentId(key)} was not written: ${codes.join(', ')}`);
}

/** DynamoDB takes items of 400 KB: an environment comes near it by its files alone. */
const tooLarge = (key: EnvironmentKey, message: string): Rejected =>
  new Rejected(`${environmentId(key)} is not taken by the table: ${message}. Ask for it with smaller files.`);
