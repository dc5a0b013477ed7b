/**
 * The parent cgroup of one node's pods. The kubelet wants it to exist, in every hierarchy of cgroup v1 (tried)
 * or in the one of v2 (written for, untested).
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from '#local/instance.ts';

const mountPoint = '/sys/fs/cgroup';
const controllers = ['cpu', 'cpuset', 'memory', 'pids'];

const isCgroupV2 = (): boolean => existsSync(join(mountPoint, 'cgroup.controllers'));

export function createCgroup(instance: Instance): void {
  for (const folder of cgroupFolders(instance)) mkdirSync(folder, { recursive: true });
  if (isCgroupV2()) delegateControllers();
}

/** Removes it with all below, waiting a little for the last processes to be reaped. */
export async function removeCgroup(instance: Instance): Promise<void> {
  for (const folder of cgroupFolders(instance)) {
    for (let patience = 50; existsSync(folder); patience--) {
      try {
        removeTree(folder);
      } catch (error) {
        if (patience === 0) throw new Error(`${folder} still holds processes`, { cause: error });
        await sleep(100);
      }
    }
  }
}

/** Those that exist. */
export const cgroupLeftovers = (instance: Instance): string[] =>
  cgroupFolders(instance).filter((folder) => existsSync(folder));

const cgroupFolders = (instance: Instance): string[] =>
  hierarchies().map((hierarchy) => join(hierarchy, instance.cgroup));

function hierarchies(): string[] {
  if (isCgroupV2()) return [mountPoint];
  // Names such as `cpu` may be links to `cpu,cpuacct`.
  return readdirSync(mountPoint)
    .map((name) => join(mountPoint, name))
    .filter((path) => lstatSync(path).isDirectory() && existsSync(join(path, 'cgroup.procs')));
}

/** In v2 a cgroup has only the controllers that its parent gives away. */
function delegateControllers(): void {
  const file = join(mountPoint, 'cgroup.subtree_control');
  const given = readFileSync(file, 'utf8').trim().split(/\s+/);
  const wanted = controllers.filter((controller) => !given.includes(controller));
  if (wanted.length > 0) writeFileSync(file, wanted.map((controller) => `+${controller}`).join(' '));
}

function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  rmdirSync(folder);
}
