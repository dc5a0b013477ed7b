/**
 * What a cluster needs beside Kubernetes itself, as EKS brings it: metrics-server, for the autoscaler, and something
 * that enforces network policies (kube-router, its firewall alone). Built from source like the node, and kept likewise.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Instance } from '#local/instance.ts';
import { withLock } from '#local/setup/lock.ts';
import { run } from '#local/setup/run.ts';
import type { BuildOptions } from './binary.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** Program → the folder of the Go module that pins it, with the hashes of all that it is built from. */
const modules = {
  'metrics-server': 'metrics-server',
  'kube-router': 'network-policies',
} as const;

/** The folder that holds them. */
export async function ensureNodeTools(instance: Instance, options: BuildOptions): Promise<string> {
  const folder = toolsFolder(instance);
  if (!areToolsCached(instance)) {
    mkdirSync(instance.cache, { recursive: true });
    await withLock(join(instance.cache, 'node-tools.lock'), async () => {
      if (!areToolsCached(instance)) await build(folder, options);
    });
  }
  return folder;
}

export const areToolsCached = (instance: Instance): boolean => existsSync(toolsFolder(instance));

async function build(folder: string, { go, log }: BuildOptions): Promise<void> {
  const partial = mkdtempSync(`${folder}.partial-`);
  const env = { ...process.env, CGO_ENABLED: '0' };
  try {
    for (const [program, module] of Object.entries(modules)) {
      const cwd = join(here, module);
      const path = /^tool (\S+)$/m.exec(readFileSync(join(cwd, 'go.mod'), 'utf8'))?.[1];
      if (path === undefined) throw new Error(`${join(cwd, 'go.mod')} names no tool`);
      const flags = ['-v', '-trimpath', '-mod=readonly', '-ldflags', '-s -w'];
      await run(go, ['build', ...flags, '-o', join(partial, program), path], { log, cwd, env });
    }
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function toolsFolder(instance: Instance): string {
  const hash = createHash('sha256').update(process.arch);
  for (const module of Object.values(modules))
    for (const name of ['go.mod', 'go.sum'])
      hash.update(`\n${name}\n`).update(readFileSync(join(here, module, name)));
  return join(instance.cache, `node-tools-${hash.digest('hex').slice(0, 12)}`);
}
