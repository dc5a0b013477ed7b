/**
 * A build's log: a file on this machine, and lines in CloudWatch Logs, written while it runs under the role of the build as
 * CodeBuild does it. Neither grows beyond its limit, whatever the build prints.
 */
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';

export interface BuildLog {
  readonly path: string;
  readonly write: (text: string) => void;
  readonly close: () => Promise<void>;
}

/** At most ten thousand events and a MiB in all, no matter how long they waited. */
export type SendLines = (
  lines: readonly { readonly timestamp: number; readonly message: string }[],
) => Promise<void>;

interface Options {
  readonly path: string;
  readonly send: SendLines;
  /** Told of a batch that was not taken: the build goes on. */
  readonly failed: (error: unknown) => void;
  readonly limitBytes?: number;
  readonly flushMs?: number;
}

/** More than a machine of CodeBuild lets BuildKit's steps print (lib/stages/buildspec.ts). */
const usualLimit = 32 * 1024 * 1024;
const lineLimit = 64 * 1024;
const batchLines = 5000;
const batchBytes = 512 * 1024;

export function buildLog({ path, send, failed, limitBytes = usualLimit, flushMs = 1000 }: Options): BuildLog {
  mkdirSync(dirname(path), { recursive: true });
  const file = createWriteStream(path);
  const waiting: { timestamp: number; message: string }[] = [];
  let written = 0;
  let open = '';
  let sending: Promise<void> = Promise.resolve();

  const flush = (): Promise<void> => {
    sending = sending.then(async () => {
      while (waiting.length > 0) await send(nextBatch(waiting)).catch(failed);
    });
    return sending;
  };
  const timer = setInterval(() => void flush(), flushMs).unref();
  const add = (message: string) => {
    for (let at = 0; at === 0 || at < message.length; at += lineLimit)
      // CloudWatch takes no empty event.
      waiting.push({ timestamp: Date.now(), message: message.slice(at, at + lineLimit) || ' ' });
  };

  return {
    path,
    write: (given) => {
      const left = limitBytes - written;
      if (left <= 0) return;
      const isLast = given.length >= left;
      const text = isLast
        ? `${given.slice(0, left)}\n[Container] The log is cut here: ${limitBytes} bytes\n`
        : given;
      written += given.length;
      file.write(text);
      const lines = (open + text).split('\n');
      open = lines.pop() ?? '';
      if (open.length > lineLimit) {
        lines.push(open);
        open = '';
      }
      for (const line of lines) add(line);
    },
    close: async () => {
      clearInterval(timer);
      if (open !== '') add(open);
      await flush();
      file.end();
      await finished(file);
    },
  };
}

function nextBatch<T extends { readonly message: string }>(waiting: T[]): T[] {
  let bytes = 0;
  // What CloudWatch counts for each event beside its text.
  const tooMany = waiting.findIndex(({ message }, i) => {
    bytes += Buffer.byteLength(message) + 26;
    return i >= batchLines || (i > 0 && bytes > batchBytes);
  });
  return waiting.splice(0, tooMany === -1 ? waiting.length : tooMany);
}
