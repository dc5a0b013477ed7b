/** What a stopped instance may still hold of the machine; `down` ends only when this is empty. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

/** What image builds mounted, the deepest first; the node's own namespace file is the node's to remove. */
export async function unmountBuilds({ state }: Instance): Promise<string[]> {
  const points = mountsUnder(state).filter((point) => point !== join(state, 'node.netns'));
  for (const point of points.toReversed()) await capture('umount', ['--lazy', point]);
  return points;
}

/** Processes whose command line or folder is of the instance, this one and its parents aside. */
function processesNaming(folder: string): { pid: number; command: string }[] {
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
