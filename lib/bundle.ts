/**
 * Bundles all functions by one esbuild call, SDK included, before synth: `dist/lambdas/<name>/index.mjs`, with the
 * configuration beside each; source maps in dist/maps. The watcher's, the worker's and those of SSH are beside them, with their
 * Dockerfiles.
 * `node lib/bundle.ts` does it; `cdk` runs that first (cdk.json).
 */
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { loadConfig } from './config-file.ts';

/** What is no function: it runs in the cluster. */
const watcher = 'watcher';
const worker = 'worker';
/** A package that is no bundle's: it has a binding for each platform, and those that are installed are put beside the worker's. */
const native = '@node-rs/crc32';
/** They run in CodeBuild, by the machine's own Node. */
const ofBuilds = ['attest', 'egress'];
/** Two of one image, which has OpenSSH too. */
const accessPrograms = ['gate', 'service'];
const checkout = dirname(dirname(fileURLToPath(import.meta.url)));

/** Of every function. The bench bundles by them too what it measures ours beside. */
export const bundleOptions = {
  absWorkingDir: checkout,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // The SDK's ES modules: half the size and load time of its CommonJS ones.
  mainFields: ['module', 'main'],
  minify: true,
  // Beside the bundles, not in them: reading maps at start costs a cold function 40 ms. They are for people.
  sourcemap: 'external',
  sourcesContent: false,
  // Some dependencies are CommonJS and call `require` of a built-in module. A long name: no minified one can be the same.
  banner: {
    js: "import{createRequire as bannerRequire}from'node:module';const require=bannerRequire(import.meta.url);",
  },
  external: [native],
  logLevel: 'warning',
} satisfies BuildOptions;

/** @param configPath of the configuration, where it is not the checkout's. */
export async function bundleLambdas(
  out: string = join(checkout, 'dist/lambdas'),
  configPath?: string,
): Promise<void> {
  const config = JSON.stringify(loadConfig(configPath), null, 2);
  const names = await functionNames();
  const maps = join(dirname(out), 'maps');
  await Promise.all([out, maps].map((folder) => rm(folder, { recursive: true, force: true })));
  await build({
    ...bundleOptions,
    entryPoints: {
      ...Object.fromEntries(names.map((name) => [`${name}/index`, `lambdas/${name}/handler.ts`])),
      ...Object.fromEntries([watcher, worker].map((name) => [`${name}/index`, `${name}/main.ts`])),
      ...Object.fromEntries(accessPrograms.map((name) => [`access/${name}`, `access/${name}/main.ts`])),
    },
    outdir: out,
    outExtension: { '.js': '.mjs' },
  });
  await build({
    ...bundleOptions,
    target: 'node18',
    sourcemap: false,
    entryPoints: Object.fromEntries(ofBuilds.map((name) => [`${name}/index`, `${name}/main.ts`])),
    outdir: out,
    outExtension: { '.js': '.mjs' },
  });
  await mkdir(maps, { recursive: true });
  for (const name of [...names, watcher, worker])
    await rename(join(out, name, 'index.mjs.map'), join(maps, `${name}.mjs.map`));
  for (const name of accessPrograms)
    await rename(join(out, 'access', `${name}.mjs.map`), join(maps, `access-${name}.mjs.map`));
  for (const name of names) await writeFile(join(out, name, 'config.json'), config);
  await copyFile(join(checkout, watcher, 'Dockerfile'), join(out, watcher, 'Dockerfile'));
  await cp(join(checkout, worker, 'image'), join(out, worker), { recursive: true });
  const packages = join('node_modules', dirname(native));
  await cp(join(checkout, packages), join(out, worker, packages), { recursive: true });
  await cp(join(checkout, 'access/image'), join(out, 'access'), { recursive: true });
}

export async function functionNames(): Promise<string[]> {
  const lambdas = join(checkout, 'lambdas');
  const entries = await readdir(lambdas);
  return entries.filter((name) => existsSync(join(lambdas, name, 'handler.ts'))).sort();
}

if (import.meta.main) await bundleLambdas();
