/** One at a time of what instances and checkouts share. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A lock that the kernel frees even if this process is killed: `flock` holds it while its input is open. */
export async function withLock(file: string, task: () => Promise<void>): Promise<void> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(() => Promise.reject(new Error(`the lock ${file} could not be taken`))),
  ]);
  try {
    await task();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
