/** Structured logs. What is known of the record at hand (message, story, environment) is on every line written for it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@aws-lambda-powertools/logger';

type Fields = Record<string, unknown>;

const logger = new Logger({ serviceName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'getschwifty' });
const scope = new AsyncLocalStorage<Fields>();

/** Runs `work` with these fields on all that it logs; records of one batch run side by side and don't mix. */
export const withFields = <T>(fields: Fields, work: () => Promise<T>): Promise<T> =>
  scope.run({ ...scope.getStore(), ...fields }, work);

export const fieldsAtHand = (): Readonly<Fields> => scope.getStore() ?? {};

/** What is learnt on the way: from here on it is on the lines of the record at hand, what is undefined is not. */
export function note(fields: Fields): void {
  const known = scope.getStore();
  if (!known) return;
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) known[name] = value;
}

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
