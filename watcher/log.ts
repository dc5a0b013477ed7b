/** Structured logs with the fields that the functions' logs have (lambdas/runtime/log.ts), so that one query reads both. */
import { Logger } from '@aws-lambda-powertools/logger';

const logger = new Logger({ serviceName: 'watcher' });
type Fields = Record<string, unknown>;

export const log = {
  info: (message: string, fields: Fields = {}) => logger.info(message, fields),
  error: (message: string, error: unknown, fields: Fields = {}) =>
    logger.error(message, { ...fields, error: error instanceof Error ? error : new Error(String(error)) }),
};
export type Log = typeof log;
