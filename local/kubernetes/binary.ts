/**
 * Builds the node's binary from upstream's source (minutes the first time: Kubernetes is compiled) and keeps it
 * outside the checkout, by version and by the hash of what it is built from.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Instance } from '#local/instance.ts';
import { withLock } from '#local/setup/lock.ts';
import { run } from '#local/setup/run.ts';
import { writePauseImage } from './pause-image.ts';

const sources = join(dirname(fileURLToPath(import.meta.url)), 'node');

export interface BuildOptions {
  /** The `go` program. */
  readonly go: string;
  /** One line a compiled package, and the compiler's errors. */
  readonly log: string;
}

/** The binary's path; beside it are `kubectl` and `pause.tar`. */
export async function ensureKubernetesBinary(instance: Instance, options: BuildOptions): Promise<string> {
  const folder = binaryFolder(instance);
  if (!isCached(instance)) {
    mkdirSync(instance.cache, { recursive: true });
    // Two instances may come here at once: the second waits and finds the first one's.
    await withLock(join(instance.cache, 'kubernetes.lock'), async () => {
      if (!isCached(instance)) await build(folder, options);
    });
  }
  return join(folder, 'kubernetes');
}

export const isCached = (instance: Instance): boolean => existsSync(binaryFolder(instance));

function kubernetesVersion(): string {
  const version = /^\s*k8s\.io\/kubernetes (v\S+)$/m.exec(readFileSync(join(sources, 'go.mod'), 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${join(sources, 'go.mod')} does not require k8s.io/kubernetes`);
  return version;
}

async function build(folder: string, { go, log }: BuildOptions): Promise<void> {
  const partial = mkdtempSync(`${folder}.partial-`);
  try {
    const flags = `-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion()}`;
    const options = { log, cwd: sources, env: { ...process.env, CGO_ENABLED: '0' } };
    const compile = (output: string, source: string): Promise<void> =>
      run(go, ['build', '-v', '-trimpath', '-ldflags', flags, '-o', join(partial, output), source], options);
    await compile('pause', './pause');
    await compile('kubernetes', '.');
    await writePauseImage(join(partial, 'pause'), join(partial, 'pause.tar'));
    symlinkSync('kubernetes', join(partial, 'kubectl'));
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function binaryFolder(instance: Instance): string {
  const hash = createHash('sha256')
    .update(process.arch)
    .update(readFileSync(fileURLToPath(new URL('pause-image.ts', import.meta.url))));
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort())
    if (/\.(go|mod|sum)$/.test(name)) hash.update(`\n${name}\n`).update(readFileSync(join(sources, name)));
  return join(instance.cache, `kubernetes-${kubernetesVersion()}-${hash.digest('hex').slice(0, 12)}`);
}
