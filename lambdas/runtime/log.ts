/** Structured logs. What is known of the record at hand (message, story, environment) is on every line written for it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Fields, makeLog, toOutput } from '#adapters/log.ts';

const functionName = process.env['AWS_LAMBDA_FUNCTION_NAME'];
const scope = new AsyncLocalStorage<Record<string, Fields[string]>>();

/** Runs `work` with these fields on all that it logs; records of one batch run side by side and don't mix. */
export const withFields = <T>(fields: Fields, work: () => Promise<T>): Promise<T> =>
  scope.run({ ...scope.getStore(), ...fields }, work);

export const fieldsAtHand = (): Fields => scope.getStore() ?? {};

/** What is learnt on the way: from here on it is on the lines of the record at hand, what is undefined is not. */
export function note(fields: Fields): void {
  const known = scope.getStore();
  if (!known) return;
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) known[name] = value;
}

/** Outside of Lambda, as in a test, nobody reads it. */
export const toLog = (line: string): void => {
  if (functionName !== undefined) toOutput(line);
};

/** X-Ray's id of the invocation, by which CloudWatch shows lines and traces side by side. */
const traceId = (): string | undefined => /^Root=([^;]+)/.exec(process.env['_X_AMZN_TRACE_ID'] ?? '')?.[1];

export const log = makeLog({
  service: functionName ?? 'getschwifty',
  known: () => ({ xray_trace_id: traceId(), ...fieldsAtHand() }),
  write: toLog,
});
