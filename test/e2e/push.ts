/** A small image, pushed as any client pushes: blobs, then the manifest, by the OCI distribution protocol. */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { Digest } from '#core/names.ts';
import { adminAuthorization as authorization } from '#local/aws/emulator.ts';
import { cloud } from './cloud.ts';

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A Debian root file system in the eyes of a scanner: what it is, and one package that nothing is known against. */
export const debian: Readonly<Record<string, string>> = {
  'etc/os-release': 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
  'var/lib/dpkg/status':
    'Package: hostname\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.23+nmu1\nDescription: names\n',
};

/** A Python distribution as pip leaves it. */
export const distribution = (name: string, version: string): Readonly<Record<string, string>> => ({
  [`opt/venv/lib/python3.11/site-packages/${name}-${version}.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
});

/** @param files by path; bytes are a program's. @param command what the image runs, as a build writes it there. */
export async function push(
  repository: string,
  tag: string,
  files: Readonly<Record<string, string | Buffer>>,
  command: readonly string[] = [],
): Promise<Digest> {
  const tar = pack();
  for (const [name, content] of Object.entries(files))
    tar.entry({ name, mode: typeof content === 'string' ? 0o644 : 0o755 }, content);
  tar.finalize();
  const plain = await buffer(tar);
  const layer = gzipSync(plain);
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: command.length > 0 ? { Cmd: command } : {},
      rootfs: { type: 'layers', diff_ids: [digestOf(plain)] },
      created: new Date().toISOString(),
      // OCI lets it be left out; buildah builds upon no image whose layers have none.
      history: [{ created_by: 'push' }],
    }),
  );
  for (const blob of [layer, config]) await pushBlob(repository, blob);
  const descriptor = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: [descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
    }),
  );
  const put = await fetch(`${cloud.aws}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    body: manifest,
  });
  if (put.status !== 201) throw new Error(`the manifest was not taken: ${put.status} ${await put.text()}`);
  return Digest.parse(digestOf(manifest));
}

async function pushBlob(repository: string, bytes: Buffer): Promise<void> {
  const begun = await fetch(`${cloud.aws}/v2/${repository}/blobs/uploads/`, {
    method: 'POST',
    headers: { authorization },
  });
  const location = new URL(begun.headers.get('location') ?? '', cloud.aws);
  location.searchParams.set('digest', digestOf(bytes));
  const put = await fetch(location, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/octet-stream' },
    body: bytes,
  });
  if (put.status !== 201) throw new Error(`a blob was not taken: ${put.status} ${await put.text()}`);
}
