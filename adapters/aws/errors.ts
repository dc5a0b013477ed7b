/** Which of an AWS service's errors may pass by themselves: turned into `Retryable`, the rest is thrown as it is. */
import { Retryable } from '#core/errors.ts';

const passing = new Set([
  'PriorRequestNotComplete',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'AccountLimitExceededException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'InternalFailure',
]);

export async function retryable<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && passing.has(error.name))
      throw new Retryable(`${what}: ${error.name}: ${error.message}`);
    throw error;
  }
}
