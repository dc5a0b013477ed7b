/**
 * Which of AWS's errors may pass by themselves: turned into `Retryable`, the rest is thrown as it is. The SDK has tried
 * three times by then. Sources: AWS SDKs and Tools Reference Guide, "Retry behavior"; each service's "Common Errors";
 * CodeBuild, StartBuild: AccountLimitExceededException (too many builds at once); DynamoDB, "Transaction conflict handling":
 * TransactionConflictException, of a single write while a transaction is at the same item, which no SDK tries again.
 */
import { Retryable } from '#core/errors.ts';

const passing: ReadonlySet<string> = new Set([
  'AccountLimitExceededException',
  'InternalFailure',
  'InternalServerError',
  'KMSThrottlingException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
  'TooManyRequestsException',
  'TransactionConflictException',
  'TransactionInProgressException',
]);

/** The connection broke, or none was made: Node.js, "Common system errors"; getaddrinfo. */
const brokenConnection: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** For people: of an object, or of those below a prefix. */
export const denied =
  'may not be read, or is not there: S3 answered 403. See that `teams[].datasets` names it, `datasetKeys` the key that encrypts it, and that the policies of its bucket and key let it be read';

export async function retryable<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !mayPass(error)) throw error;
    throw new Retryable(`${what}: ${error.name}: ${error.message}`, { cause: error });
  }
}

const mayPass = (error: Error): boolean =>
  passing.has(error.name) || ('code' in error && brokenConnection.has(error.code)) || isTheirFault(error);

/** 429 and 5xx, whatever their name. */
function isTheirFault(error: Error): boolean {
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return false;
  const status = metadata.httpStatusCode;
  return typeof status === 'number' && (status === 429 || status >= 500);
}
