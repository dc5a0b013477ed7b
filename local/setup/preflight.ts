/**
 * Whether this machine can hold the local cloud, said before anything is changed. `assess` decides over
 * what `probe` (local/setup/facts.ts) found, and nothing else.
 */
import { size } from '#local/ui/format.ts';

/** Yes, no, or not to be told without changing something. */
export type Known = boolean | 'unknown';

interface Room {
  readonly folder: string;
  /** Bytes. */
  readonly free: number;
  /** Two folders of one device share its room. */
  readonly device: number;
}

export interface Facts {
  readonly platform: string;
  readonly arch: string;
  readonly root: boolean;
  readonly distribution: { readonly id: string; readonly like: readonly string[]; readonly version: string };
  readonly apt: boolean;
  readonly python:
    | { readonly version: string; readonly venv: boolean; readonly fromDistribution: boolean }
    | undefined;
  readonly memory: number;
  readonly disk: { readonly cache: Room; readonly state: Room };
  readonly cgroup: 1 | 2 | undefined;
  readonly cgroupWritable: boolean;
  readonly namespaces: boolean;
  readonly overlay: Known;
  readonly veth: Known;
}

export interface Assessment {
  /** Each one stops the command; nothing was changed yet. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

const GB = 1e9;
const MEMORY_NEEDED = 4 * GB;
const MEMORY_WANTED = 6 * GB;

export function assess(facts: Facts, needed: { cache: number; state: number }): Assessment {
  const problems: string[] = [];
  const warnings: string[] = [];
  system(facts, problems, warnings);
  python(facts, problems);
  disk(facts, needed, problems);
  memory(facts, problems, warnings);
  kernel(facts, problems, warnings);
  return { problems, warnings };
}

function system(facts: Facts, problems: string[], warnings: string[]): void {
  if (facts.platform !== 'linux') {
    problems.push(`This is ${facts.platform}; the local cloud needs Linux: use a Debian 12 virtual machine.`);
    return;
  }
  if (facts.arch !== 'x64' && facts.arch !== 'arm64')
    problems.push(`This processor is ${facts.arch}; x86_64 and arm64 are supported.`);
  if (!facts.root)
    problems.push(
      'This is not root, which namespaces, mounts and packages need: run the command again with sudo, or as root.',
    );
  const { id, like, version } = facts.distribution;
  if (!facts.apt || ![id, ...like].includes('debian'))
    problems.push(
      `This is ${id} ${version}; the local cloud installs Debian packages: use Debian or Ubuntu.`,
    );
  else if (id !== 'debian' || version !== '12')
    warnings.push(`Tested on Debian 12; this is ${id} ${version}.`);
}

function python(facts: Facts, problems: string[]): void {
  const install = "install it ('apt-get install python3 python3-venv')";
  if (facts.python === undefined) {
    problems.push(`There is no python3; 3.10 or later is needed: ${install}.`);
    return;
  }
  const [major = 0, minor = 0] = facts.python.version.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < 10))
    problems.push(
      `python3 is ${facts.python.version}; 3.10 or later is needed: put a newer one first in PATH.`,
    );
  else if (!facts.python.venv && !facts.python.fromDistribution)
    problems.push(
      "python3 in PATH has no venv module and is not Debian's: put one that has it first in PATH.",
    );
}

function disk(facts: Facts, needed: { cache: number; state: number }, problems: string[]): void {
  const { cache, state } = facts.disk;
  const wanted =
    cache.device === state.device
      ? [{ ...cache, needed: needed.cache + needed.state }]
      : [
          { ...cache, needed: needed.cache },
          { ...state, needed: needed.state },
        ];
  for (const room of wanted) {
    if (room.free < room.needed)
      problems.push(
        `${room.folder} has ${size(room.free)} free and ${size(room.needed)} are needed: free some, or set XDG_CACHE_HOME to a larger disk.`,
      );
  }
}

function memory(facts: Facts, problems: string[], warnings: string[]): void {
  if (facts.memory < MEMORY_NEEDED)
    problems.push(`This machine has ${size(facts.memory)} of memory; ${size(MEMORY_NEEDED)} are needed.`);
  else if (facts.memory < MEMORY_WANTED)
    warnings.push(
      `This machine has ${size(facts.memory)} of memory; ${size(MEMORY_WANTED)} or more are comfortable.`,
    );
}

function kernel(facts: Facts, problems: string[], warnings: string[]): void {
  if (facts.platform !== 'linux' || !facts.root) return;
  if (!facts.namespaces)
    problems.push(
      'Network, mount and PID namespaces cannot be made here: a container must be privileged, a kernel must have them on.',
    );
  if (facts.overlay === false)
    problems.push('The kernel has no overlay file system, which containers need: load the module overlay.');
  if (facts.veth === false)
    problems.push('The kernel has no veth interfaces, which the node needs: load the module veth.');
  if (facts.cgroup === undefined)
    problems.push('There is no cgroup file system at /sys/fs/cgroup: mount it.');
  else if (!facts.cgroupWritable)
    problems.push('/sys/fs/cgroup is read-only: mount it writable (a container must be privileged).');
  else if (facts.cgroup === 2)
    warnings.push('cgroup v2 is written for, but untested: v1 is what this was tried on.');
}
