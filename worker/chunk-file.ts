/** The file that a chunk is given to its command in: one at a time, in a folder that the command can read and can't write to. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileFeed } from '#core/jobs/file-feed.ts';
import { PartFailed } from './failure.ts';

export interface ChunkFile {
  readonly path: string;
  /** Resolves when the bytes may be used again. @throws PartFailed where it would be larger than it may. */
  write(bytes: Uint8Array): Promise<void>;
  /** All of it is there. */
  close(): Promise<void>;
  /** Whether it is open or closed. */
  remove(): Promise<void>;
}

export interface ChunkFiles {
  create(feed: FileFeed): Promise<ChunkFile>;
}

const MiB = 2 ** 20;
/** The command is another user. */
const readable = 0o444;

export const filesIn = (folder: string): ChunkFiles => ({
  async create({ name, maxMiB }) {
    const path = join(folder, name);
    // Of a part before, which nobody reads any more; it is replaced, for who has it open is not to see another.
    await rm(path, { force: true });
    const file = await open(path, 'wx', readable);
    let left = maxMiB * MiB;
    let closed: Promise<void> | undefined;
    const close = () => (closed ??= file.close());
    return {
      path,
      close,
      async write(bytes) {
        left -= bytes.length;
        if (left < 0) {
          const message = `the chunk has more than ${maxMiB} MiB, and so has no file: ask for more (feed.maxMiB), or for smaller chunks`;
          throw new PartFailed({ kind: 'input', message });
        }
        for (let at = 0; at < bytes.length; )
          at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
      },
      async remove() {
        await close();
        await rm(path, { force: true });
      },
    };
  },
});
