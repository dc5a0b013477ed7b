/** Structured logs. What is known of the record at hand (message, environment) is on every line written for it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@aws-lambda-powertools/logger';

type Fields = Record<string, unknown>;

const logger = new Logger({ serviceName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'getschwifty' });
const scope = new AsyncLocalStorage<Fields>();

/** Runs `work` with these fields on all that it logs; records of one batch run side by side and don't mix. */
export const withFields = <T>(fields: Fields, work: () => Promise<T>): Promise<T> =>
  scope.run({ ...scope.getStore(), ...fields }, work);

export const log = {
  info: (message: string, fields: Fields = {}) => logger.info(message, { ...scope.getStore(), ...fields }),
  warn: (message: string, fields: Fields = {}) => logger.warn(message, { ...scope.getStore(), ...fields }),
  error: (message: string, error: unknown, fields: Fields = {}) =>
    logger.error(message, {
      ...scope.getStore(),
      ...fields,
      error: error instanceof Error ? error : new Error(String(error)),
    }),
};
