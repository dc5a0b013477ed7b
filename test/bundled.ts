/** Scripts in one file each, as a pod has its worker: to run sources as they are takes Node 30 MiB, and a second. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { bundleOptions } from '#lib/bundle.ts';

/** @param scripts by their paths. */
export async function bundled<T>(
  scripts: readonly string[],
  work: (files: string[]) => Promise<T>,
): Promise<T> {
  const outdir = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    await build({
      entryPoints: [...scripts],
      outdir,
      bundle: true,
      platform: 'node',
      format: 'esm',
      minify: true,
      external: bundleOptions.external,
      outExtension: { '.js': '.mjs' },
      banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    });
    symlinkSync(join(bundleOptions.absWorkingDir, 'node_modules'), join(outdir, 'node_modules'));
    return await work(scripts.map((script) => join(outdir, basename(script).replace(/ts$/, 'mjs'))));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
