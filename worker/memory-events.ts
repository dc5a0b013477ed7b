/** How many processes the kernel has killed in this control group because its memory was used up. */
import { readFile } from 'node:fs/promises';

const file = '/sys/fs/cgroup/memory.events';

/** Undefined where it does not say: at the root there is no such file. */
export async function oomKills(): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const [, count] = /^oom_kill (\d+)$/m.exec(text) ?? [];
  return count === undefined ? undefined : Number(count);
}
