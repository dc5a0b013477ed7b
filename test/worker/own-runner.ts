/** Commands as children of this process: for tests of what the worker makes of them, and for benches. In a cluster they run apart. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { CommandProcess, CommandRunner, Exit } from '../../worker/runner.ts';

export class OwnRunner implements CommandRunner {
  readonly gone = false;
  /** What the kernel would say of a command that ended. */
  oomKills: number | undefined = undefined;

  async start(
    [program = '', ...args]: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<CommandProcess> {
    const child = spawn(program, args, {
      env: { PATH: process.env['PATH'], ...env },
      stdio: 'pipe',
      detached: true,
    });
    const { stdin, stdout, stderr } = child;
    return { stdin, stdout, stderr, exit: exitOf(child, () => this.oomKills), kill: () => killGroup(child) };
  }
}

function killGroup({ pid }: ChildProcessWithoutNullStreams): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Nobody of it is there any more.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** One that could not be started ends as a shell would say it. */
const exitOf = (child: ChildProcessWithoutNullStreams, oomKills: () => number | undefined): Promise<Exit> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, oomKills: oomKills() }));
    child.once('error', ({ message }) =>
      resolve({ code: 127, signal: null, why: message, oomKills: undefined }),
    );
  });
