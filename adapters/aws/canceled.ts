/** Why a transaction of the table was not made, as an error of ours. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { Conflict, Rejected, Retryable } from '#core/errors.ts';
import { type EnvironmentKey, environmentId } from '#core/names.ts';

/** The reasons are in the order of the items: the environment's comes first, then the verdict's, then the ledger's (`ledgerAt`). */
export function whyCanceled(
  error: unknown,
  key: EnvironmentKey,
  expected: number,
  ledgerAt?: number,
): unknown {
  if (error instanceof Error && error.name === 'ValidationException') return tooLarge(key, error.message);
  if (!(error instanceof TransactionCanceledException)) return error;
  const reasons = error.CancellationReasons ?? [];
  const invalid = reasons.find(({ Code }) => Code === 'ValidationError');
  if (invalid) return tooLarge(key, invalid.Message ?? invalid.Code ?? '');
  const codes = reasons.map((reason) => reason.Code);
  if (codes[0] === 'ConditionalCheckFailed') {
    return new Conflict(
      `${environmentId(key)} is no longer at version ${expected}: somebody else wrote first.`,
    );
  }
  if (codes.includes('ConditionalCheckFailed')) {
    const isLedger = codes.indexOf('ConditionalCheckFailed') === ledgerAt;
    return new Conflict(
      isLedger
        ? `What team ${key.team} holds changed meanwhile.`
        : `A newer verdict on an image of ${environmentId(key)} is stored.`,
    );
  }
  return new Retryable(`The change of ${environmentId(key)} was not written: ${codes.join(', ')}`);
}

/** DynamoDB takes items of 400 KB: an environment comes near it by its files alone. */
const tooLarge = (key: EnvironmentKey, message: string): Rejected =>
  new Rejected(`${environmentId(key)} is not taken by the table: ${message}. Ask for it with smaller files.`);
