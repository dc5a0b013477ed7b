/** What preflight asks of this machine. Reads and tries only; changes nothing. */
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Instance } from '#local/instance.ts';
import type { Facts, Known } from '#local/setup/preflight.ts';
import { attempt } from '#local/setup/run.ts';

const CGROUP = '/sys/fs/cgroup';
const CGROUP2_MAGIC = 0x63677270;

export async function probe(instance: Instance): Promise<Facts> {
  return {
    platform: process.platform,
    arch: process.arch,
    root: process.geteuid?.() === 0,
    distribution: distribution(read('/etc/os-release')),
    apt: existsSync('/usr/bin/apt-get'),
    python: await pythonFacts(),
    memory: Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
    disk: { cache: room(instance.cache), state: room(instance.state) },
    cgroup: cgroupVersion(),
    cgroupWritable: writable(cgroupVersion() === 1 ? join(CGROUP, 'memory') : CGROUP),
    namespaces:
      (await attempt('unshare', ['--net', '--mount', '--pid', '--fork', '--uts', '--ipc', 'true'])).code ===
      0,
    overlay: fileSystem('overlay'),
    veth: await veth(),
  };
}

/** Exported for its test. */
export function distribution(osRelease: string): Facts['distribution'] {
  const value = (key: string): string => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? '';
  return {
    id: value('ID') || 'an unknown system',
    like: value('ID_LIKE').split(' '),
    version: value('VERSION_ID'),
  };
}

async function pythonFacts(): Promise<Facts['python']> {
  const script =
    'import sys,importlib.util as u;print(sys.version.split()[0],all(map(u.find_spec,("venv","ensurepip"))),sys.prefix)';
  const { code, stdout } = await attempt('python3', ['-c', script]);
  if (code !== 0) return undefined;
  const [version = '', venv, prefix] = stdout.trim().split(' ');
  return { version, venv: venv === 'True', fromDistribution: prefix === '/usr' };
}

/** Where a folder lies, or will lie. */
function room(folder: string): Facts['disk']['cache'] {
  const there = existing(folder);
  const { bavail, bsize } = statfsSync(there);
  return { folder: there, free: bavail * bsize, device: statSync(there).dev };
}

const existing = (folder: string): string => (existsSync(folder) ? folder : existing(dirname(folder)));

function cgroupVersion(): Facts['cgroup'] {
  if (!existsSync(CGROUP)) return undefined;
  if (statfsSync(CGROUP).type === CGROUP2_MAGIC) return 2;
  return existsSync(join(CGROUP, 'memory')) ? 1 : undefined;
}

function fileSystem(name: string): Known {
  return read('/proc/filesystems').split(/\s+/).includes(name) || hasModule(name);
}

/** Tried in a network namespace that ends with the try; without `ip` only a module's file can tell. */
async function veth(): Promise<Known> {
  const { code } = await attempt('unshare', [
    '--net',
    'ip',
    'link',
    'add',
    'try0',
    'type',
    'veth',
    'peer',
    'name',
    'try1',
  ]);
  if (code === 0) return true;
  return (await attempt('ip', ['-Version'])).code === 0 ? false : hasModule('veth') === true || 'unknown';
}

/** A kernel without a modules folder may have anything built in. */
function hasModule(name: string): Known {
  const folder = join('/lib/modules', release());
  if (!existsSync(folder)) return existsSync(join('/sys/module', name)) || 'unknown';
  const listed = `${read(join(folder, 'modules.dep'))}${read(join(folder, 'modules.builtin'))}`;
  return new RegExp(`/${name}\\.ko`).test(listed);
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
