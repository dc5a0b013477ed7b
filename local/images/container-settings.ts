/**
 * The files by which buildah knows its storage, the registry and this machine's way to the network. The mounts of
 * containers.conf are there while RUN runs; nothing of them goes into the image.
 */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { attempt } from '#local/setup/run.ts';
import { npmConfiguration, npmConfigurationPath, pipConfiguration } from './base.ts';
import type { BuildSettings } from './build-contract.ts';
import { certificates, mirrors, npmSettings, pipSettings, proxies } from './host.ts';

/** Where the certificates are while RUN runs: outside of what Debian's packages write to. */
const certificatesInside = '/mnt/ca.crt';

type Settings = Pick<BuildSettings, 'state' | 'registry' | 'registryName'>;

export async function containerSettings(settings: Settings, work: string): Promise<NodeJS.ProcessEnv> {
  const storage = storageOf(settings);
  await mkdir(storage, { recursive: true });
  const files = {
    CONTAINERS_STORAGE_CONF: await storageFile(storage, work),
    CONTAINERS_REGISTRIES_CONF: registriesFile(settings),
    CONTAINERS_CONF: await containersFile(work),
  };
  const env: NodeJS.ProcessEnv = { ...proxies(), REGISTRY_AUTH_FILE: join(work, 'auth.json') };
  for (const [variable, content] of Object.entries(files)) {
    const path = join(work, `${variable.toLowerCase()}.toml`);
    await writeFile(path, content);
    env[variable] = path;
  }
  return env;
}

const storageOf = ({ state }: Pick<Settings, 'state'>): string => join(state, 'images');

/** Nothing may build meanwhile. */
export const forgetLayers = (settings: Pick<Settings, 'state'>): Promise<void> =>
  rm(storageOf(settings), { recursive: true, force: true });

/**
 * Where the proxy of a build listens, and whom it lets through: what the product says, and this machine's own mirrors in the place of
 * public ones. A machine that has a proxy itself reaches nothing past it, so ours is left out.
 */
export async function egressHere(allow = '', way: string): Promise<NodeJS.ProcessEnv> {
  if (Object.keys(proxies()).some((name) => !/^no_/i.test(name))) return { EGRESS_ALLOW: allow };
  return { EGRESS_ALLOW: [allow, ...(await mirrors())].join(','), EGRESS_LISTEN: way };
}

/** Layers outlive a build, for the next one; what is mounted does not. */
async function storageFile(storage: string, work: string): Promise<string> {
  const probe = await attempt('buildah', [
    '--root',
    join(storage, 'overlay-probe'),
    '--runroot',
    join(work, 'probe'),
    '--storage-driver',
    'overlay',
    'info',
  ]);
  // On a root that is itself an overlay only plain copies work: slower, and the same images.
  const driver = probe.code === 0 ? 'overlay' : 'vfs';
  return toml({ storage: { driver, graphroot: join(storage, driver), runroot: join(work, 'run') } });
}

function registriesFile({ registry, registryName }: Settings): string {
  const address = new URL(registry).host;
  const entry = (prefix: string) =>
    `[[registry]]\nprefix = ${quote(prefix)}\nlocation = ${quote(address)}\ninsecure = true\n`;
  return ['unqualified-search-registries = []', entry(registryName), entry(address)].join('\n');
}

/** Mounted over files that the base image has, and in a folder that every Debian has: RUN leaves no trace of them. */
async function containersFile(work: string): Promise<string> {
  const volumes: string[] = [];
  const mount = async (name: string, lines: readonly string[], target: string) => {
    const path = join(work, name);
    await writeFile(path, `${lines.join('\n')}\n`);
    volumes.push(`${path}:${target}:ro`);
  };
  const bundle = certificates();
  if (bundle !== undefined) {
    const folder = join(work, 'certificates');
    await mkdir(folder);
    await copyFile(bundle, join(folder, 'ca.crt'));
    volumes.push(`${folder}:${dirname(certificatesInside)}:ro`);
  }
  const trusted = (key: string) => (bundle === undefined ? [] : [`${key}=${certificatesInside}`]);
  await mount(
    'pip.conf',
    [...pipConfiguration, ...(await pipSettings()), ...trusted('cert')],
    '/etc/pip.conf',
  );
  await mount(
    'npmrc',
    [...npmConfiguration, ...(await npmSettings()), ...trusted('cafile')],
    npmConfigurationPath,
  );
  return toml({ containers: { volumes } });
}

function toml(
  sections: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>,
): string {
  return Object.entries(sections)
    .map(([section, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
      return `[${section}]\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

const quote = (text: string) => JSON.stringify(text);
