/** A program of ours that is written in Go: built from its module, once for all checkouts. Judges are beside this file. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '#local/setup/run.ts';

/** Returns the program's path. */
export async function ensureGoProgram(
  name: 'actionlint' | 'dockerfile-parser' | 'shim',
  cache: string,
  given: { readonly go: string; readonly log: string; readonly sources?: string },
): Promise<string> {
  const { go, log, sources = fileURLToPath(new URL(name, import.meta.url)) } = given;
  const hash = createHash('sha256');
  const isOurs = (file: string) => file.endsWith('.go') || file === 'go.mod' || file === 'go.sum';
  for (const file of readdirSync(sources).filter(isOurs).sort())
    hash.update(readFileSync(join(sources, file)));
  const program = join(cache, `${name}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(`${program}.`);
  try {
    const fresh = join(folder, name);
    await run(go, ['build', '-trimpath', '-ldflags', '-s -w', '-o', fresh, '.'], {
      log,
      cwd: sources,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    // Another checkout may have been faster; its copy is the same.
    renameSync(fresh, program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return program;
}
