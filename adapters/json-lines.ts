/** Files of lines of JSON, streamed: neither what is written nor what is read is ever there as a whole. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { parseJson } from '#core/errors.ts';
import type { JobObjects } from '#core/jobs/ports.ts';
import type * as z from '#core/zod.ts';

/** So much is gathered before it is given on. */
const blockBytes = 256 * 1024;

export async function writeLines(
  objects: Pick<JobObjects, 'begin'>,
  key: string,
  lines: AsyncIterable<unknown> | Iterable<unknown>,
): Promise<void> {
  const upload = objects.begin(key);
  try {
    let text = '';
    for await (const line of lines) {
      text += `${JSON.stringify(line)}\n`;
      if (text.length < blockBytes) continue;
      await upload.write(Buffer.from(text));
      text = '';
    }
    await upload.write(Buffer.from(text));
    await upload.finish();
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

export async function* readLines<S extends z.ZodMiniType>(
  objects: Pick<JobObjects, 'result'>,
  key: string,
  schema: S,
): AsyncGenerator<z.infer<S>> {
  const bytes = Readable.from(await objects.result(key, new AbortController().signal));
  // A line that breaks off between two pieces of a character is put together here.
  for await (const line of createInterface({ input: bytes, crlfDelay: Number.POSITIVE_INFINITY }))
    yield parseJson(schema, line, `a line of ${key}`);
}
