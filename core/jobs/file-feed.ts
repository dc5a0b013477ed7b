/** A chunk as a file, for commands that want a path, seek in it or map it into memory. Others read it from their standard input. */
import * as z from '../zod.ts';

/** In a word of the command: the file's path. */
const placeOfFile = '{file}';

const maxMiB = z.int().check(z.minimum(1), z.maximum(1_048_576));

export const AskedFile = z.strictObject({
  kind: z.literal('file'),
  /** By whose end some tools know what it is. */
  name: z._default(
    z
      .string()
      .check(
        z.maxLength(64),
        z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits and . _ -, no folder'),
      ),
    'chunk',
  ),
  /** Of the disk of its node. A chunk that is larger, uncompressed, fails. */
  maxMiB: z.optional(maxMiB),
});
export type AskedFile = z.infer<typeof AskedFile>;

/** As a worker is told. */
export const FileFeed = z.object({ name: z.string(), maxMiB });
export type FileFeed = z.infer<typeof FileFeed>;

/** What a compressed object holds, a row group, or a range of rows, nobody knows before. */
const unknownMiB = 2048;

/** @param knownMiB of the largest chunk, where it is known. */
export const fileFeedOf = (asked: AskedFile, knownMiB: number | undefined): FileFeed => ({
  name: asked.name,
  maxMiB: asked.maxMiB ?? knownMiB ?? unknownMiB,
});

/** The command's words, with the file's path wherever they ask for it. */
export const withFile = (command: readonly string[], path: string): string[] =>
  command.map((word) => word.replaceAll(placeOfFile, () => path));
