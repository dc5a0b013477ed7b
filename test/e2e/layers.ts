/** All that a repository of the registry has, byte by byte: manifests, configurations with their history, and layers, unpacked. */
import { createHash } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import * as z from '#core/zod.ts';
import { adminAuthorization as authorization } from '#local/aws/emulator.ts';
import { cloud } from './cloud.ts';

const Tags = z.object({ tags: z.nullable(z.array(z.string())) });
const Blob = z.object({ mediaType: z.string(), digest: z.string() });
const Manifest = z.object({ config: Blob, layers: z.array(Blob) });
const accept = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
].join(', ');

async function get(path: string): Promise<Buffer> {
  const answer = await fetch(`${cloud.aws}/v2/${path}`, { headers: { authorization, accept } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

function unpacked({ mediaType }: z.infer<typeof Blob>, bytes: Buffer): Buffer {
  if (/gzip$/.test(mediaType)) return gunzipSync(bytes);
  if (/zstd$/.test(mediaType)) return zstdDecompressSync(bytes);
  if (/\.tar$/.test(mediaType)) return bytes;
  throw new Error(`what is in a layer of ${mediaType} is not known`);
}

/** Of a layer in which nothing is, as a label makes one. */
const empty = `sha256:${createHash('sha256').update(Buffer.alloc(1024)).digest('hex')}`;

/** An image's layers in their order, by what is in them: compressed once more they are others to the registry. */
export async function layersOf(repository: string, tag: string): Promise<string[]> {
  const { config } = Manifest.parse(JSON.parse((await get(`${repository}/manifests/${tag}`)).toString()));
  const Config = z.object({ rootfs: z.object({ diff_ids: z.array(z.string()) }) });
  const text = (await get(`${repository}/blobs/${config.digest}`)).toString();
  return Config.parse(JSON.parse(text)).rootfs.diff_ids.filter((id) => id !== empty);
}

export interface Searched {
  /** What was found, with where. */
  readonly found: readonly string[];
  readonly tags: readonly string[];
  readonly layers: number;
  /** Of layers, unpacked. */
  readonly bytes: number;
}

/** Of all tags of a repository; layers that several have are read once. */
export async function searchRepository(repository: string, words: readonly string[]): Promise<Searched> {
  const { tags: all } = Tags.parse(JSON.parse((await get(`${repository}/tags/list`)).toString()));
  const tags = all ?? [];
  const found: string[] = [];
  const seen = new Set<string>();
  let bytes = 0;
  const look = (where: string, content: Buffer) => {
    for (const word of words) if (content.includes(word)) found.push(`${where}: ${word}`);
  };
  for (const tag of tags) {
    const content = await get(`${repository}/manifests/${tag}`);
    look(`${repository}:${tag}, its manifest`, content);
    const { config, layers } = Manifest.parse(JSON.parse(content.toString()));
    look(`${repository}:${tag}, its configuration`, await get(`${repository}/blobs/${config.digest}`));
    for (const layer of layers.filter(({ digest }) => !seen.has(digest))) {
      seen.add(layer.digest);
      const plain = unpacked(layer, await get(`${repository}/blobs/${layer.digest}`));
      bytes += plain.length;
      look(`${repository}:${tag}, layer ${layer.digest}`, plain);
    }
  }
  return { found, tags, layers: seen.size, bytes };
}
