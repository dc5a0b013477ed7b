/**
 * `cold-import`: what a function's own code adds to the start of the SDK clients that it uses; its peer is an empty
 * handler with the same imports of the same packages and the same clients made at the start, bundled the same way.
 * `bundle-size`: what Lambda has to load.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import * as z from '#core/zod.ts';
import { bundleLambdas, bundleOptions, functionNames } from '#lib/bundle.ts';
import { type Environment, environmentOf, loaded } from '../lambdas/starting.ts';
import { atMost, type Entry, inTurn, median } from './entry.ts';

const pairs = 15;
const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} KB`;

export async function coldImport(): Promise<Entry[]> {
  return withBundles(async (folder) => {
    const entries: Entry[] = [];
    for (const name of await functionNames()) entries.push(await importRatio(folder, name));
    return entries;
  });
}

export async function bundleSize(): Promise<Entry[]> {
  return withBundles(async (folder) =>
    (await functionNames()).map((name) => {
      const { size } = statSync(join(folder, 'lambdas', name, 'index.mjs'));
      return atMost(1, {
        name: `bundle-size/${name}`,
        value: size / 1e6,
        unit: 'MB',
        note: 'minified, SDK included, as Lambda gets it',
      });
    }),
  );
}

async function withBundles(work: (folder: string) => Promise<Entry[]>): Promise<Entry[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    await bundleLambdas(join(folder, 'lambdas'));
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function importRatio(folder: string, name: string): Promise<Entry> {
  const ours = join(folder, 'lambdas', name, 'index.mjs');
  const peer = join(folder, 'peers', `${name}.mjs`);
  const env = await environmentOf(name);
  await bundlePeer(name, peer, await clientsMade(name, join(folder, 'lambdas', name, 'counted.mjs'), env));
  const { a, b } = await inTurn(
    pairs,
    () => importTime(ours, env),
    () => importTime(peer, env),
  );
  const figures = `${median(a).toFixed(1)} ms, peer ${median(b).toFixed(1)} ms`;
  const sizes = `${kilobytes(statSync(ours).size)}, peer ${kilobytes(statSync(peer).size)}`;
  return atMost(1.3, {
    name: `cold-import/${name}`,
    value: median(a) / median(b),
    unit: '×',
    note: `median of ${pairs}: ${figures}; ${sizes}`,
  });
}

/** The same names from the same packages as our own files import them, the clients that ours makes, and nothing else. */
async function bundlePeer(name: string, outfile: string, made: readonly string[]): Promise<void> {
  const entry = `lambdas/${name}/handler.ts`;
  const { metafile } = await build({
    ...bundleOptions,
    entryPoints: [entry],
    sourcemap: false,
    metafile: true,
    write: false,
  });
  const ours = Object.keys(metafile.inputs).filter((file) => !file.includes('node_modules'));
  const imports = [...new Set(ours.flatMap(sdkImports))];
  const lines = imports.map((line, i) => line.replaceAll('LOCAL', `n${i}_`));
  const names = lines.flatMap((line) => [...line.matchAll(/ as (\w+)/g)].map(([, local]) => local));
  const clients = made.map((client) => names.find((local) => local?.endsWith(`_${client}`)));
  const contents = [
    ...lines,
    `export const used = [${names.join(', ')}];`,
    `export const clients = [${clients.map((local) => `new ${local}({})`).join(', ')}];`,
    'export const handler = async () => undefined;',
  ];
  await build({
    ...bundleOptions,
    stdin: { contents: contents.join('\n'), resolveDir: bundleOptions.absWorkingDir, loader: 'js' },
    sourcemap: false,
    outfile,
  });
}

/** A client that waits for its first use is no part of the start: a peer that made it would make ours look fast. */
async function clientsMade(name: string, outfile: string, env: Environment): Promise<string[]> {
  const entryPoints = [`lambdas/${name}/handler.ts`];
  await build({ ...bundleOptions, entryPoints, sourcemap: false, outfile, plugins: [tellsItsClients] });
  return z.array(z.string()).parse(JSON.parse(await loaded(outfile, env, 'globalThis.made ?? []')));
}

/** Each SDK package as it is, but that its client says when it is made. */
const tellsItsClients: Plugin = {
  name: 'tells-its-clients',
  setup({ onResolve, onLoad }) {
    const seen = 'tells';
    onResolve({ filter: /^@aws-sdk\/client-/ }, ({ path, pluginData }) =>
      pluginData === seen ? undefined : { path, namespace: seen },
    );
    onLoad({ filter: /./, namespace: seen }, async ({ path }) => {
      const [client] = Object.keys(await import(path)).filter((exported) =>
        /^(?!__)\w+Client$/.test(exported),
      );
      const contents = `
        import { ${client} as Made } from '${path}';
        export * from '${path}';
        export class ${client} extends Made {
          constructor(...given) { super(...given); (globalThis.made ??= []).push('${client}'); }
        }`;
      return { contents, resolveDir: bundleOptions.absWorkingDir, pluginData: seen };
    });
  },
};

const sdk = /^import \{([^}]+)\} from '((?:@aws-sdk|@smithy|@aws-crypto)\/[^']+)';/gm;

/** Value imports of SDK packages in one of our files, each under a local name that can't collide. */
function sdkImports(file: string): string[] {
  const text = readFileSync(join(bundleOptions.absWorkingDir, file), 'utf8');
  return [...text.matchAll(sdk)].map(([, names = '', from = '']) => {
    const values = names
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '' && !part.startsWith('type '))
      .map((part) => part.split(' as ')[0])
      .map((part) => `${part} as LOCAL${part}`);
    return `import { ${values.join(', ')} } from '${from}';`;
  });
}

/** @returns milliseconds. */
const importTime = async (file: string, env: Environment): Promise<number> =>
  z.coerce.number().parse(await loaded(file, env, 'performance.now() - began'));
