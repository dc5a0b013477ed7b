/**
 * `docker network create --internal`, and a builder on such a network: RUN has no way out but to this machine, and there to the proxy
 * alone. buildah runs RUN where it runs itself, so it runs in a network namespace without an interface (confined.ts); what it
 * may reach is led there by sockets, which a namespace does not bound.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseJson } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { environment, Refusal, run } from './docker-buildah.ts';
import { stepLimitBytes } from './step-log.ts';

/** Of the whole build: each `docker` is a process of its own. */
const home = process.env['HOME'] ?? tmpdir();
const networkFile = (name: string): string => join(home, `docker-network-${name}`);
const builderFile = join(home, 'docker-builder.json');

/** The proxy's own socket, which stands for the address that the buildspec gives it; without it nothing is confined here. */
const proxySocket = (): string | undefined => process.env['EGRESS_LISTEN'];

const Builder = z.object({ env: z.record(z.string(), z.string()) });
type Builder = z.infer<typeof Builder>;

export async function network([subcommand, ...args]: readonly string[]): Promise<void> {
  if (subcommand !== 'create')
    throw new Refusal(`docker network ${subcommand ?? ''}: only create works here`);
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { internal: { type: 'boolean' }, subnet: { type: 'string' }, gateway: { type: 'string' } },
  });
  const [name, ...others] = positionals;
  if (!name || !/^[a-z]+$/.test(name) || others.length > 0)
    throw new Refusal('docker network create: name one network');
  if (!values.internal) throw new Refusal('docker network create: needs --internal in local builds');
  await writeFile(networkFile(name), '');
  console.log(name);
}

/** What local builds do of it too: step-log.ts. */
const stepLimit = `env.BUILDKIT_STEP_LOG_MAX_SIZE=${stepLimitBytes}`;
const proxyOption = /^env\.(https?_proxy)=(http:\/\/\d+\.\d+\.\d+\.\d+:\d+)$/;

/** buildah needs no builder: what counts of it is its network, and how that is left. */
export async function create(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      use: { type: 'boolean' },
      bootstrap: { type: 'boolean' },
      name: { type: 'string', default: 'default' },
      driver: { type: 'string', default: 'docker-container' },
      'driver-opt': { type: 'string', multiple: true, default: [] as string[] },
    },
  });
  if (values.driver !== 'docker-container')
    throw new Refusal(`docker buildx create --driver ${values.driver}`);
  const env: Record<string, string> = {};
  let isConfined = false;
  for (const option of values['driver-opt']) {
    const [, name = '', proxy] = proxyOption.exec(option) ?? [];
    if (proxy !== undefined) env[name] = proxy;
    else if (option.startsWith('network=') && existsSync(networkFile(option.slice('network='.length))))
      isConfined = true;
    else if (option !== stepLimit) throw new Refusal(`docker buildx create --driver-opt ${option}`);
  }
  if (isConfined) await writeFile(builderFile, JSON.stringify({ env }));
  console.log(values.name);
}

/** `buildah` as the builder would: on its network, where it has one. */
export async function onNetwork(args: readonly string[], clip: (piece: string) => string): Promise<void> {
  const socket = proxySocket();
  const builder = existsSync(builderFile)
    ? parseJson(Builder, await readFile(builderFile, 'utf8'), 'the builder')
    : undefined;
  if (builder === undefined) return run('buildah', args, { clip });
  if (socket === undefined) {
    console.log('[egress] this machine has a proxy of its own: what builds reach is not bounded here');
    return run('buildah', args, { clip });
  }
  await confined(builder, socket, args, clip);
}

async function confined(
  { env }: Builder,
  socket: string,
  args: readonly string[],
  clip: (piece: string) => string,
): Promise<void> {
  const { LOCAL_REGISTRY } = environment.parse(process.env);
  const { hostname: host, port } = new URL(LOCAL_REGISTRY);
  // Short: a socket's path has a hundred characters at most.
  const folder = await mkdtemp('/tmp/way-');
  const toRegistry = { host, port: Number(port || 80), path: join(folder, 'registry') };
  const relay = await listening(toRegistry);
  const proxies = [...new Set(Object.values(env))].map((url) => {
    const { hostname, port } = new URL(url);
    return { host: hostname, port: Number(port), path: socket };
  });
  const program = join(dirname(fileURLToPath(import.meta.url)), 'confined.ts');
  const inside = [process.execPath, program, JSON.stringify([toRegistry, ...proxies]), 'buildah', ...args];
  try {
    await run('unshare', ['--net', ...inside], {
      clip,
      env: { ...env, no_proxy: host },
      says: `buildah ${args[0]}`,
    });
  } finally {
    relay.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A socket behind which the registry is. */
function listening({ host, port, path }: { host: string; port: number; path: string }): Promise<Server> {
  const server = createServer((inside) => {
    const outside = connect({ host, port });
    for (const end of [inside, outside]) end.on('error', () => [inside, outside].map((it) => it.destroy()));
    inside.pipe(outside).pipe(inside);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}
