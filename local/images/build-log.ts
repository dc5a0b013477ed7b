/** A build's log: all of it in a file, its end in memory for whoever is told of the build. */
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';

export interface BuildLog {
  readonly path: string;
  readonly write: (text: string) => void;
  readonly tail: () => string;
  readonly close: () => Promise<void>;
}

const tailLimit = 64 * 1024;

export function buildLog(path: string): BuildLog {
  mkdirSync(dirname(path), { recursive: true });
  const file = createWriteStream(path);
  let end = '';
  return {
    path,
    write: (text) => {
      file.write(text);
      end = (end + text).slice(-tailLimit);
    },
    tail: () => end,
    close: async () => {
      file.end();
      await finished(file);
    },
  };
}
