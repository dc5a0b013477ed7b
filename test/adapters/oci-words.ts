/** What a test's registry and its uploads both speak of. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Digest } from '#core/names.ts';

interface Stored {
  readonly bytes: Buffer;
  readonly mediaType: string;
}
export interface Repository {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, Stored>;
  readonly tags: Map<string, string>;
}
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** The connection is cut after this many bytes of the body; at 0 nothing is answered. */
  readonly cutAfter?: number | undefined;
}
export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}
/** What uploads need to know of their registry. */
export interface Home {
  readonly origin: string;
  readonly mounts: boolean;
  repository(name: string): Repository;
}

export const sha256 = (bytes: Buffer | string): Digest =>
  Digest.parse(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
