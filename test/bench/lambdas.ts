/**
 * `cold-import`: what a function's own code adds to the start of the SDK clients that it uses; its peer is an empty
 * handler with the same imports of the same packages and the same clients made at the start, bundled the same way.
 * `bundle-size`: what Lambda has to load.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import * as z from '#core/zod.ts';
import { bundleLambdas, bundleOptions, functionNames } from '#lib/bundle.ts';
import { loadConfig } from '#lib/config-file.ts';
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

type Environment = Readonly<Record<string, string>>;

/** @returns milliseconds. */
const importTime = async (file: string, env: Environment): Promise<number> =>
  z.coerce.number().parse(await loaded(file, env, 'performance.now() - began'));

/** In a process of its own, as a new execution environment does it. @returns what `told` is then, as JSON. */
async function loaded(file: string, env: Environment, told: string): Promise<string> {
  const script =
    "const { performance } = require('node:perf_hooks'); const began = performance.now();" +
    `import(process.argv[1]).then(() => { console.log(JSON.stringify(${told})); process.exit(0); });`;
  const options = { env: { PATH: process.env['PATH'], ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, file], options);
  return stdout.trim();
}

/** Values that the function's own schema takes, and what it holds against the configuration is in it. */
async function environmentOf(name: string): Promise<Record<string, string>> {
  const { Env } = z
    .object({ Env: z.instanceof(z.ZodMiniObject) })
    .parse(await import(join(bundleOptions.absWorkingDir, 'lambdas', name, 'env.ts')));
  const given = Object.fromEntries(
    Object.entries(Env.shape).map(([key, schema]) => [key, sampleOf(key, schema)]),
  );
  Env.parse(given);
  return { ...given, AWS_REGION: 'us-east-1' };
}

function sampleOf(key: string, schema: unknown): string {
  if (schema instanceof z.ZodMiniEnum) return String(schema.options[0]);
  if (key === 'CLUSTER_NAME') return loadConfig().clusters[0]?.name ?? 'main';
  if (key.endsWith('_QUEUES')) return '{}';
  if (key === 'DEAD_LETTERS') return '[]';
  if (key.endsWith('_CA')) return 'QQ==';
  if (key.endsWith('_ROLE_ARN')) return 'arn:aws:iam::111122223333:role/name';
  if (key.endsWith('_IMAGE')) return `name@sha256:${'0'.repeat(64)}`;
  return key.endsWith('URL') || key.endsWith('ENDPOINT') ? 'https://sqs.us-east-1.amazonaws.com/1/q' : 'name';
}
