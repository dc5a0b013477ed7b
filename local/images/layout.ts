/** Pushes an OCI layout (a folder of blobs) to a registry over plain HTTP, as it is: its digest stays what it was. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import * as z from '#core/zod.ts';

const descriptor = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const index = z.object({ manifests: z.array(descriptor).check(z.length(1)) });
const manifest = z.object({ config: descriptor, layers: z.array(descriptor) });

type Descriptor = z.infer<typeof descriptor>;

export interface PushedImage {
  readonly digest: string;
  /** False if it was there already. */
  readonly pushed: boolean;
}

export interface Target {
  /** `http://host:port` */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /** Of whoever pushes, as the header has it. */
  readonly authorization: string;
}

export async function readLayout(
  folder: string,
): Promise<{ manifest: Descriptor; config: Descriptor; layers: readonly Descriptor[] }> {
  const [image] = index.parse(JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'))).manifests;
  if (!image) throw new Error(`${folder} holds no image`);
  return { manifest: image, ...manifest.parse(JSON.parse(await readFile(blobPath(folder, image), 'utf8'))) };
}

export async function pushLayout(folder: string, target: Target): Promise<PushedImage> {
  const image = await readLayout(folder);
  const { authorization } = target;
  const { digest } = image.manifest;
  const url = `${target.registry}/v2/${target.repository}/manifests/${target.tag}`;
  const present = await fetch(url, {
    method: 'HEAD',
    headers: { authorization, accept: image.manifest.mediaType },
  });
  if (present.ok && present.headers.get('docker-content-digest') === digest) return { digest, pushed: false };
  for (const blob of [...image.layers, image.config]) await pushBlob(folder, blob, target);
  await expectOk(
    await fetch(url, {
      method: 'PUT',
      headers: { authorization, 'content-type': image.manifest.mediaType },
      body: await readFile(blobPath(folder, image.manifest)),
    }),
  );
  return { digest, pushed: true };
}

async function pushBlob(
  folder: string,
  blob: Descriptor,
  { registry, repository, authorization }: Target,
): Promise<void> {
  const path = blobPath(folder, blob);
  const { size } = await stat(path);
  const started = await fetch(`${registry}/v2/${repository}/blobs/uploads/`, {
    method: 'POST',
    headers: { authorization },
  });
  await expectOk(started);
  const upload = new URL(started.headers.get('location') ?? '', registry);
  upload.searchParams.set('digest', blob.digest);
  const headers = {
    authorization,
    'content-type': 'application/octet-stream',
    'content-length': String(size),
  };
  const body = Readable.toWeb(createReadStream(path));
  await expectOk(await fetch(upload, { method: 'PUT', headers, body, duplex: 'half' }));
}

async function expectOk(response: Response): Promise<void> {
  const body = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${body.slice(0, 300)}`);
}

const blobPath = (folder: string, { digest }: Descriptor) => join(folder, 'blobs', ...digest.split(':', 2));
