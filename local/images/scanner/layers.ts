/**
 * The final file system of an image, of which only the files that the scanner wants are kept. Layers are streamed
 * one after another, so that memory holds package databases and never a layer.
 */
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { type Descriptor, type ImageReference, openBlob, UnsupportedImage } from './registry.ts';

export interface ImageFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly content: Buffer;
  readonly layer: string;
}

/** What one layer does to those below it. */
interface LayerChange {
  readonly files: Map<string, ImageFile>;
  /** Paths that hide whatever lay there, and below there. */
  readonly removed: Set<string>;
  /** Folders whose former content is gone (opaque whiteouts). */
  readonly emptied: Set<string>;
}

const fileLimit = 32 * 1024 * 1024;
const totalLimit = 256 * 1024 * 1024;

export async function readFiles(
  reference: ImageReference,
  layers: readonly Descriptor[],
  wanted: (path: string) => boolean,
): Promise<ReadonlyMap<string, ImageFile>> {
  const files = new Map<string, ImageFile>();
  for (const [index, layer] of layers.entries()) {
    const read = () => readLayer(reference, layer, wanted, files);
    const change = await (index === 0 ? ofBase(`${layer.mediaType} ${layer.digest}`, read) : read());
    applyChange(files, change);
    const total = files.values().reduce((sum, file) => sum + file.content.length, 0);
    if (total > totalLimit) throw new UnsupportedImage(`its package databases exceed ${totalLimit} bytes`);
  }
  return files;
}

const basesKept = 4;
const bases = new Map<string, Promise<LayerChange>>();

/** The lowest layer says the same whatever lies upon it, is the largest, and is that of most images: read once. */
function ofBase(layer: string, read: () => Promise<LayerChange>): Promise<LayerChange> {
  const known = bases.get(layer) ?? read();
  bases.delete(layer);
  bases.set(layer, known);
  known.catch(() => bases.delete(layer));
  for (const oldest of [...bases.keys()].slice(0, -basesKept)) bases.delete(oldest);
  return known;
}

function applyChange(files: Map<string, ImageFile>, change: LayerChange): void {
  for (const path of [...files.keys()]) {
    if (change.removed.has(path) || parents(path).some((folder) => hides(change, folder))) files.delete(path);
  }
  for (const [path, file] of change.files) files.set(path, file);
}

const hides = (change: LayerChange, folder: string) =>
  change.removed.has(folder) || change.emptied.has(folder);

/** `a/b/c` → ``, `a`, `a/b` */
function parents(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, i) => parts.slice(0, i).join('/'));
}

async function readLayer(
  reference: ImageReference,
  layer: Descriptor,
  wanted: (path: string) => boolean,
  below: ReadonlyMap<string, ImageFile>,
): Promise<LayerChange> {
  const change: LayerChange = { files: new Map(), removed: new Set(), emptied: new Set() };
  const entries = extract();
  const blob = await openBlob(reference, layer.digest);
  // Errors of any stage destroy the last one, and so reach the loop below.
  pipeline([blob, ...decompressor(layer.mediaType), entries], () => undefined);
  for await (const entry of entries) {
    const path = entry.header.name.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '');
    await takeEntry(change, { path, header: entry.header, body: entry, layer: layer.digest, wanted, below });
    entry.resume();
  }
  return change;
}

interface Entry {
  readonly path: string;
  readonly header: Header;
  readonly body: AsyncIterable<unknown>;
  readonly layer: string;
  readonly wanted: (path: string) => boolean;
  readonly below: ReadonlyMap<string, ImageFile>;
}

async function takeEntry(change: LayerChange, entry: Entry): Promise<void> {
  const { path, header } = entry;
  const cut = path.lastIndexOf('/') + 1;
  const [folder, name] = [path.slice(0, Math.max(0, cut - 1)), path.slice(cut)];
  if (name === '.wh..wh..opq') {
    change.emptied.add(folder);
  } else if (name.startsWith('.wh.')) {
    change.removed.add(path.slice(0, cut) + name.slice('.wh.'.length));
  } else if (header.type !== 'directory') {
    // Whatever is no folder replaces a folder of that name, with all that was in it.
    change.removed.add(path);
    if (entry.wanted(path)) await keepFile(change, entry);
  }
}

async function keepFile(change: LayerChange, { path, header, body, layer, below }: Entry): Promise<void> {
  if (header.type === 'file' || header.type === 'contiguous-file') {
    if ((header.size ?? 0) > fileLimit) throw new UnsupportedImage(`/${path} exceeds ${fileLimit} bytes`);
    change.files.set(path, { path, layer, content: await collect(body) });
  } else if (header.type === 'link') {
    const target = (header.linkname ?? '').replace(/^(?:\.?\/)+/, '');
    const original = change.files.get(target) ?? below.get(target);
    if (!original)
      throw new UnsupportedImage(`/${path} is a hard link to /${target}, which the scanner did not keep`);
    change.files.set(path, { ...original, path, layer });
  }
}

async function collect(body: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function decompressor(mediaType: string): NodeJS.ReadWriteStream[] {
  if (/[.+]gzip$/.test(mediaType)) return [createGunzip()];
  if (/[.+]zstd$/.test(mediaType)) return [createZstdDecompress()];
  if (/\.tar$/.test(mediaType)) return [];
  throw new UnsupportedImage(`a layer's media type ${mediaType} is not known`);
}
