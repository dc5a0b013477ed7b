/**
 * A blob read from a registry, in order and verified: a download that is cut goes on where it stopped, and the end is
 * reached only when size and digest are what was asked for.
 * Source: OCI distribution specification 1.1, "Pulling blobs"; RFC 9110, 14 "Range Requests" (S3 serves them).
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Rejected, Retryable } from '#core/errors.ts';
import type { Descriptor } from './manifest.ts';
import { isOk, noAnswer, type Registry, refused, statusOf } from './registry.ts';
import { Cut, chunksOf, discard } from './transport.ts';

/** @throws Retryable where the bytes are not those of the digest; the reader has then got them all but for the end. */
export async function* download(
  registry: Registry,
  repository: string,
  { digest, size }: Descriptor,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let position = 0;
  for (let failures = 0; position < size || failures === 0; ) {
    const from = position;
    try {
      for await (const chunk of rest(registry, repository, digest, position, signal)) {
        position += chunk.length;
        if (position > size) break;
        hash.update(chunk);
        yield chunk;
      }
      if (position >= size) break;
      throw new Cut(`the blob ${digest} of ${repository} ended after ${position} of ${size} bytes`);
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      // What got on counts as a new beginning: only a registry from which nothing comes is given up.
      failures = position > from ? 1 : failures + 1;
      if (failures >= registry.pace.tries) throw noAnswer(error);
      await registry.pause(failures - 1, signal);
    }
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (position !== size || found !== digest)
    throw new Retryable(
      `The blob ${digest} (${size} bytes) of ${repository} came as ${position > size ? 'more bytes' : found}: it is read again.`,
    );
}

async function* rest(
  registry: Registry,
  repository: string,
  digest: string,
  position: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const headers = position === 0 ? {} : { range: `bytes=${position}-` };
  const answer = await registry.call('GET', `/v2/${repository}/blobs/${digest}`, signal, { headers });
  if (statusOf(answer) === 404) {
    discard(answer);
    throw new Rejected(
      `The blob ${digest} of ${repository} is no longer in the registry: push the image again.`,
    );
  }
  if (!isOk(answer)) throw await refused(answer, `the blob ${digest} of ${repository} can not be read`);
  let skip = position - startOf(answer, digest);
  try {
    for await (const chunk of chunksOf(answer)) {
      if (skip < chunk.length) yield skip > 0 ? chunk.subarray(skip) : chunk;
      skip = Math.max(0, skip - chunk.length);
    }
  } finally {
    // A reader that goes away leaves the rest unread.
    answer.destroy();
  }
}

/** A server that does not know ranges begins at the beginning. */
function startOf(answer: IncomingMessage, digest: string): number {
  if (statusOf(answer) !== 206) return 0;
  const start = /^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1];
  if (start === undefined)
    throw new Retryable(`The registry sent a part of the blob ${digest} and did not say which.`);
  return Number(start);
}
