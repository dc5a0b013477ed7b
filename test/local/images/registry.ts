// A registry in memory, which serves what a test puts into it: images made of tar layers.
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';

export type Entry = {
  name: string;
  content?: string;
  type?: 'file' | 'directory' | 'symlink' | 'link';
  linkname?: string;
};

export interface TestRegistry {
  readonly url: string;
  readonly put: (content: Buffer | object, mediaType: string) => Descriptor;
  readonly image: (
    layers: readonly (readonly Entry[])[],
    options?: { os?: string; compression?: 'gzip' | 'zstd' },
  ) => Promise<Descriptor>;
  /** What was asked for, by digest or tag, in its order. */
  readonly asked: readonly string[];
  /** Answers with other bytes than the digest names. */
  readonly spoil: (digest: string) => void;
  readonly close: () => Promise<void>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const imageType = 'application/vnd.oci.image.manifest.v1+json';

export async function testRegistry(): Promise<TestRegistry> {
  const blobs = new Map<string, { content: Buffer; mediaType: string }>();
  const asked: string[] = [];
  const server: Server = createServer(async (request, response) => {
    await text(request);
    asked.push(request.url?.split('/').at(-1) ?? '');
    const found = blobs.get(asked.at(-1) ?? '');
    if (!found) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': found.mediaType }).end(found.content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const put: TestRegistry['put'] = (value, mediaType) => {
    const content = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    blobs.set(digest, { content, mediaType });
    return { mediaType, digest, size: content.length };
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    put,
    asked,
    spoil: (digest) => void blobs.set(digest, { content: Buffer.from('{}'), mediaType: imageType }),
    image: async (layers, { os = 'linux', compression = 'gzip' } = {}) => {
      const config = put({ os, architecture: 'amd64' }, 'application/vnd.oci.image.config.v1+json');
      const descriptors: Descriptor[] = [];
      for (const entries of layers) {
        const tar = await tarOf(entries);
        const content = compression === 'gzip' ? gzipSync(tar) : zstdCompressSync(tar);
        descriptors.push(put(content, `application/vnd.oci.image.layer.v1.tar+${compression}`));
      }
      return put({ schemaVersion: 2, mediaType: imageType, config, layers: descriptors }, imageType);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, content = '', type = 'file', linkname } of entries) {
    archive.entry(
      { name, type, mtime: new Date(0), ...(linkname === undefined ? {} : { linkname }) },
      type === 'file' ? content : '',
    );
  }
  archive.finalize();
  return buffer(archive);
}
