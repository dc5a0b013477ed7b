/** Packs the pause program into an image archive: a node needs it for every pod, and no registry may be in reach. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

export const pauseImage = 'getschwifty.local/pause:1';

/** Writes the archive (`docker save` format, which containerd imports). */
export async function writePauseImage(program: string, archive: string): Promise<void> {
  const layer = await tar({ pause: readFileSync(program) });
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
  });
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: [pauseImage], Layers: ['layer.tar'] }]);
  writeFileSync(archive, await tar({ 'manifest.json': manifest, 'config.json': config, 'layer.tar': layer }));
}

async function tar(files: Record<string, string | Buffer>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files))
    archive.entry({ name, mode: 0o755, mtime: new Date(0) }, content);
  archive.finalize();
  return buffer(archive);
}
