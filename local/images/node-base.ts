/**
 * An image with Node and nothing else, for what runs in the cluster: this machine's own Node (of the lockfile) and the
 * libraries that it loads. In an account a public image with Node stands in its place; no registry need be in reach here.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Instance } from '#local/instance.ts';
import { capture } from '#local/setup/run.ts';

/** buildah wants as many layers in the history as there are. */
const imageConfig = {
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  os: 'linux',
  config: { Env: ['PATH=/usr/local/bin'], WorkingDir: '/' },
  history: [{ created_by: 'node, and the libraries that it loads' }],
};

/** @returns what a Dockerfile's FROM takes: an OCI layout, named by what is in it. */
export async function ensureNodeBase(instance: Pick<Instance, 'cache' | 'state'>): Promise<string> {
  const libraries = await librariesOf(process.execPath);
  const layout = join(instance.cache, `node-base-${await contentKey([process.execPath, ...libraries])}`);
  if (!existsSync(layout)) {
    await mkdir(instance.cache, { recursive: true });
    // Made beside its final name, so that what has that name is always complete.
    const work = await mkdtemp(join(instance.cache, 'node-base-work-'));
    try {
      await writeLayout(work, libraries);
      await rename(work, layout);
    } catch (error) {
      await rm(work, { recursive: true, force: true });
      // Somebody else may have been faster.
      if (!existsSync(layout)) throw error;
    }
  }
  return `oci:${await linkTo(layout, instance)}:node`;
}

/** buildah names what it reads by its path, in which no folder may begin with a dot. */
export async function linkTo(layout: string, { state }: Pick<Instance, 'state'>): Promise<string> {
  const link = join(state, basename(layout));
  await rm(link, { force: true });
  await mkdir(state, { recursive: true });
  await symlink(layout, link);
  return link;
}

/** By `ldd`: lines such as `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)` and the loader's own path. */
async function librariesOf(program: string): Promise<string[]> {
  const lines = (await capture('ldd', [program])).split('\n');
  return lines.flatMap((line) => /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1] ?? []).sort();
}

async function contentKey(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(imageConfig));
  for (const file of files) {
    hash.update(file);
    for await (const chunk of createReadStream(file)) hash.update(chunk);
  }
  return hash.digest('hex').slice(0, 12);
}

async function writeLayout(folder: string, libraries: readonly string[]): Promise<void> {
  const tar = pack();
  const archive = buffer(tar);
  const entry = async (name: string, file: string) =>
    tar.entry({ name, mode: 0o755, mtime: new Date(0) }, await readFile(file));
  await entry('usr/local/bin/node', process.execPath);
  for (const library of libraries) await entry(library.slice(1), library);
  tar.entry({ name: 'tmp/', type: 'directory', mode: 0o1777, mtime: new Date(0) });
  tar.finalize();
  const plain = await archive;
  const blobs = join(folder, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const add = async (mediaType: string, bytes: Buffer) => {
    const hex = sha256(bytes);
    await writeFile(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  // The least compression: the image stays on this machine.
  const type = 'application/vnd.oci.image';
  const layer = await add(`${type}.layer.v1.tar+gzip`, gzipSync(plain, { level: 1 }));
  const rootfs = { type: 'layers', diff_ids: [`sha256:${sha256(plain)}`] };
  const config = await add(`${type}.config.v1+json`, json({ ...imageConfig, rootfs }));
  const manifest = { schemaVersion: 2, mediaType: `${type}.manifest.v1+json`, config, layers: [layer] };
  const annotations = { 'org.opencontainers.image.ref.name': 'node' };
  const described = { ...(await add(manifest.mediaType, json(manifest))), annotations };
  await writeFile(join(folder, 'index.json'), json({ schemaVersion: 2, manifests: [described] }));
  await writeFile(join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
