/** What a stopped instance may still hold of the machine; `down` ends only when this is empty. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Instance } from '#local/instance.ts';
import { interfaceExists, mountsUnder } from '#local/kubernetes/network.ts';
import { capture } from '#local/setup/run.ts';

export async function leftovers(instance: Instance): Promise<string[]> {
  const { hostInterface } = instance.network;
  return [
    ...mountsUnder(instance.state).map((point) => `mount ${point}`),
    ...((await interfaceExists(hostInterface)) ? [`interface ${hostInterface}`] : []),
    ...processesNaming(instance.state).map(({ pid, command }) => `process ${pid} (${command})`),
  ];
}

/** Image builds mount below the state: the deepest first. */
export async function unmountBelow(folder: string): Promise<string[]> {
  const points = mountsUnder(folder).toReversed();
  for (const point of points) await capture('umount', ['--lazy', point]);
  return points;
}

/** Processes whose command line or folder is of the instance, this one and its parents aside. */
export function processesNaming(folder: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const command = commandLine(name);
      return command.includes(folder) ? [{ pid: Number(name), command: command.slice(0, 120) }] : [];
    });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return ''; // It ended meanwhile.
  }
}
