/** A judge that is written in Go: built from a module of ours beside this file, once for all checkouts. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '#local/setup/run.ts';

/** Returns the program's path. */
export async function ensureGoProgram(
  name: 'actionlint' | 'dockerfile-parser',
  cache: string,
  { go, log }: { readonly go: string; readonly log: string },
): Promise<string> {
  const sources = fileURLToPath(new URL(name, import.meta.url));
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(sources, file)));
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
