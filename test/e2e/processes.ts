/**
 * Processes of the local cloud, for the faults that befall them: the node's API server and who starts it again, and the
 * workers that run a function. Found by what they are of this instance, so that another's are never meant.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { processesInNetwork } from '#local/kubernetes/network.ts';
import { recordedInstance } from '#local/setup/ports.ts';
import { cloud } from './cloud.ts';

/** What a file of a process says; nothing of a process that has ended meanwhile. */
function told(pid: number, file: 'cmdline' | 'environ' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** The fields after the name, which may hold blanks: state, parent, … */
const parentOf = (pid: number): number =>
  Number(told(pid, 'stat').split(') ').at(-1)?.split(' ')[1] ?? Number.NaN);

/** The API server, and the process that starts it again when it ends. */
export function apiServer(): { readonly pid: number; readonly supervisor: number } {
  const found = processesInNetwork(recordedInstance(cloud.name)).filter(
    (pid) => told(pid, 'cmdline').split('\0')[1] === 'apiserver',
  );
  const [pid, ...others] = found;
  if (pid === undefined || others.length > 0) throw new Error(`not one API server, but ${found.length}`);
  return { pid, supervisor: parentOf(pid) };
}

/** The processes that run a function now, of the emulator that this cloud is. */
export function workersOf(functionName: string): number[] {
  const { port } = new URL(cloud.aws);
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      const variables = told(pid, 'environ').split('\0');
      const endpoint = variables.find((each) => each.startsWith('AWS_ENDPOINT_URL='));
      return variables.includes(`AWS_LAMBDA_FUNCTION_NAME=${functionName}`) && endpoint?.endsWith(`:${port}`);
    });
}
