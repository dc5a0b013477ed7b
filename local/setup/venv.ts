/**
 * Python programs (the AWS emulator, the judges of templates and workflows): each set of pinned and hashed requirements
 * is installed once for all checkouts, into a folder of the cache that is named after it.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { attempt, run } from '#local/setup/run.ts';

export interface Venv {
  /** What it is called in the cache. */
  readonly name: string;
  /** The path of its requirements.txt: every package with its version and the hashes of its files. */
  readonly requirements: string;
  /** A module of it: when it can be imported, the installation is whole. */
  readonly module: string;
  readonly cache: string;
}

/** The folder of its programs, `python` among them. */
export function venvPrograms({ name, requirements, cache }: Omit<Venv, 'module'>): string {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  return join(cache, `${name}-${hash.slice(0, 12)}`, 'bin');
}

/**
 * Programs of a venv name their folder, so it is never moved: it gets a folder of its own, and a link by the name that
 * others look for when it is complete. Returns the folder of its programs.
 */
export async function ensureVenv(
  venv: Venv,
  { python = 'python3', log }: { readonly python?: string; readonly log: string },
): Promise<string> {
  const programs = venvPrograms(venv);
  const link = dirname(programs);
  if (await works(link, venv.module)) return programs;
  mkdirSync(venv.cache, { recursive: true });
  const fresh = mkdtempSync(`${link}.`);
  try {
    await run(python, ['-m', 'venv', fresh], { log });
    const pip = ['-m', 'pip', 'install', '--require-hashes', '--only-binary=:all:', '--no-deps'];
    const options = ['--disable-pip-version-check', '--requirement', venv.requirements];
    await run(join(fresh, 'bin/python'), [...pip, ...options], { log });
    // Somebody else may have been faster; a link to a Python that is gone is replaced.
    if (await works(link, venv.module)) return programs;
    symlinkSync(basename(fresh), `${fresh}.link`);
    renameSync(`${fresh}.link`, link);
    return programs;
  } finally {
    if (!existsSync(link) || readlinkSync(link) !== basename(fresh))
      rmSync(fresh, { recursive: true, force: true });
  }
}

async function works(folder: string, module: string): Promise<boolean> {
  return (await attempt(join(folder, 'bin/python'), ['-c', `import ${module}`])).code === 0;
}
