/**
 * The base image of generated Dockerfiles: Debian 12 with Python and Node, made from Debian's packages, so that it
 * needs no image registry. Cached as an OCI layout by what it is made of, and pushed as it lies there.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instance } from '#local/instance.ts';
import { capture, run } from '#local/setup/run.ts';
import { type AptSource, aptSources, deb822 } from './host.ts';
import { type PushedImage, pushLayout, readLayout, type Target } from './layout.ts';

const packages = ['ca-certificates', 'nodejs', 'python3', 'python3-pip', 'python3-venv'];

/** npm's own release: Debian's npm brings some hundred packages of its own. The last line that runs on Node 18. */
const npm = {
  version: '10.9.9',
  integrity:
    'sha512-1g+6jLQvaIuB4zwvHL7yrXuXcWZwDsCtBX8bbWDqbvJSSr9nPiDDWTHNgwXR27iIcTTW7v3A57hDW9RYv2W4Yg==',
};

/** The base image's own settings of pip, npm and apt. Builds here mount files over them that add this machine's. */
export const pipConfiguration = ['[global]', 'disable-pip-version-check = true', 'no-cache-dir = true'];
/** As Debian's own npm has it: what is installed globally lies below /usr/local, not among Debian's files. */
export const npmConfiguration = ['prefix=/usr/local', 'update-notifier=false'];
export const npmConfigurationPath = '/usr/local/lib/node_modules/npm/npmrc';
const debianSourcesPath = '/etc/apt/sources.list.d/debian.sources';

/** A date for all files, so that the same packages make the same image. */
const epoch = '1704067200';

const dpkgOptions = [
  'path-exclude=/usr/share/doc/*',
  'path-include=/usr/share/doc/*/copyright',
  'path-exclude=/usr/share/info/*',
  'path-exclude=/usr/share/locale/*',
  'path-exclude=/usr/share/man/*',
];

/** In the new root ($1): nothing that is this machine's, and nothing that every build of it writes differently. */
const cleanUp = [
  'rm -f "$1"/etc/hostname "$1"/etc/resolv.conf',
  'find "$1"/usr -name __pycache__ -prune -exec rm -r {} +',
  'find "$1"/var/log "$1"/var/cache -type f -delete',
].join(' && ');

interface Progress {
  /** Path of the log file. */
  readonly log: string;
  readonly onLine?: (line: string) => void;
}

/** The folder of the OCI layout. */
export async function ensureBaseImage(instance: Instance, progress: Progress): Promise<string> {
  const sources = await aptSources();
  const layout = join(instance.cache, `base-${await contentKey(sources)}`);
  if (!existsSync(layout)) {
    await mkdir(instance.cache, { recursive: true });
    // Made beside its final name, so that what has that name is always complete.
    const work = await mkdtemp(join(instance.cache, 'base-work-'));
    try {
      await makeLayout(work, sources, progress);
      await rename(join(work, 'layout'), layout);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  const { layers } = await readLayout(layout);
  const megabytes = layers.reduce((sum, layer) => sum + layer.size, 0) / 1e6;
  progress.onLine?.(`base image ${layout}: ${megabytes.toFixed(0)} MB compressed`);
  return layout;
}

/** Nothing happens if the registry has this very image under this tag already. */
export async function pushBaseImage(
  instance: Instance,
  target: Target,
  progress: Progress,
): Promise<PushedImage> {
  return pushLayout(await ensureBaseImage(instance, progress), target);
}

/** The recipe, and the state of Debian's archive as this machine last saw it: a security update makes a new image. */
async function contentKey(sources: readonly AptSource[]): Promise<string> {
  const recipe = [packages, npm, pipConfiguration, npmConfiguration, epoch, dpkgOptions, cleanUp, sources];
  const lists = '/var/lib/apt/lists';
  const releases = (await readdir(lists)).filter((name) => /bookworm.*_InRelease$/.test(name)).sort();
  const hash = createHash('sha256').update(JSON.stringify(recipe));
  for (const name of releases) hash.update(await readFile(join(lists, name)));
  return hash.digest('hex').slice(0, 12);
}

async function makeLayout(work: string, sources: readonly AptSource[], progress: Progress): Promise<void> {
  const root = join(work, 'overlay');
  await writeOverlay(root, work, sources, progress);
  const aptLines = sources.map(({ uri, suite, components }) => `deb ${uri} ${suite} ${components.join(' ')}`);
  const archive = join(work, 'root.tar');
  await run(
    'mmdebstrap',
    [
      '--variant=minbase',
      `--include=${packages.join(',')}`,
      ...dpkgOptions.map((option) => `--dpkgopt=${option}`),
      `--customize-hook=sync-in ${root} /`,
      ...(sources.length > 0 ? ['--customize-hook=rm -f "$1"/etc/apt/sources.list'] : []),
      `--customize-hook=${cleanUp}`,
      'bookworm',
      archive,
      ...aptLines,
    ],
    { ...progress, env: { ...process.env, SOURCE_DATE_EPOCH: epoch } },
  );
  await packLayout(work, archive, progress);
}

/** What Debian does not bring: npm, and apt's sources: this machine's, so that builds from it find them again. */
async function writeOverlay(
  root: string,
  work: string,
  sources: readonly AptSource[],
  progress: Progress,
): Promise<void> {
  const modules = join(root, 'usr/local/lib/node_modules');
  const bin = join(root, 'usr/local/bin');
  for (const folder of [modules, bin, join(root, 'etc/apt/sources.list.d')])
    await mkdir(folder, { recursive: true });
  await run('npm', ['pack', `npm@${npm.version}`, '--pack-destination', work], progress);
  const tarball = join(work, `npm-${npm.version}.tgz`);
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')}`;
  if (integrity !== npm.integrity) {
    throw new Error(
      `npm ${npm.version} from the npm registry has integrity ${integrity}, not ${npm.integrity}`,
    );
  }
  await run('tar', ['--extract', '--no-same-owner', '--file', tarball, '--directory', modules], progress);
  await rename(join(modules, 'package'), join(modules, 'npm'));
  for (const name of ['npm', 'npx'])
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(bin, name));
  await chmod(root, 0o755);
  await writeFile(join(root, npmConfigurationPath), `${npmConfiguration.join('\n')}\n`);
  await writeFile(join(root, 'etc/pip.conf'), `${pipConfiguration.join('\n')}\n`);
  if (sources.length > 0) await writeFile(join(root, debianSourcesPath), deb822(sources));
}

async function packLayout(work: string, archive: string, progress: Progress): Promise<void> {
  // A storage of its own, which disappears with the work folder; nothing is mounted in it.
  const storage = [
    '--root',
    join(work, 'storage'),
    '--runroot',
    join(work, 'run'),
    '--storage-driver',
    'vfs',
  ];
  const buildah = (...args: string[]) => run('buildah', [...storage, ...args], progress);
  const container = (await capture('buildah', [...storage, 'from', 'scratch'])).trim();
  await buildah('add', container, archive, '/');
  await buildah('config', '--cmd', '["bash"]', '--env', 'LANG=C.UTF-8', container);
  const layout = `oci:${join(work, 'layout')}:base`;
  await buildah('commit', '--quiet', '--disable-compression=false', '--timestamp', epoch, container, layout);
}
