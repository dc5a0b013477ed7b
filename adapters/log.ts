/**
 * Structured logs: a line of JSON each, with the same fields from the functions and the watcher, so that one query
 * reads both. Of our own: loading a library and making its logger would be a part of every cold start (ADR 0018).
 */
type Field = string | number | boolean | undefined | readonly Field[] | { readonly [name: string]: Field };
export type Fields = Readonly<Record<string, Field>>;

export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, error: unknown, fields?: Fields): void;
}

export interface LogOptions {
  readonly service: string;
  /** What is known where a line is written, such as the message at hand. */
  readonly known?: () => Fields | undefined;
  readonly write?: (line: string) => void;
}

export function makeLog({ service, known, write = toOutput }: LogOptions): Log {
  const line = (level: string, message: string, fields: Fields | undefined) =>
    write(
      JSON.stringify({
        level,
        message,
        timestamp: new Date().toISOString(),
        service,
        ...known?.(),
        ...fields,
      }),
    );
  return {
    info: (message, fields) => line('INFO', message, fields),
    warn: (message, fields) => line('WARN', message, fields),
    error: (message, error, fields) => line('ERROR', message, { ...fields, error: told(error) }),
  };
}

/** Past `console`, before whose lines Lambda puts time and request: a line is JSON from its beginning. */
export const toOutput = (line: string): void => void process.stdout.write(`${line}\n`);

const causes = 4;

/** Without what a client hangs on its errors: responses hold headers, sockets and themselves. */
function told(error: unknown, left = causes): Field {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause !== undefined && left > 0 && { cause: told(cause, left - 1) }) };
}
