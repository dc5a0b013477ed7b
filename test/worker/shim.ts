/** The shim of a command's container, built from its sources, and started as its process 1: in a PID namespace of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { instanceOf } from '#local/instance.ts';
import { ensureGoProgram } from '#local/judges/go-program.ts';
import { ensureGo } from '#local/setup/go.ts';
import { Slot } from '../../worker/slot.ts';

export async function buildShim(): Promise<string> {
  const instance = instanceOf('check');
  const log = join(tmpdir(), 'shim-build.log');
  const sources = fileURLToPath(new URL('../../worker/image/shim', import.meta.url));
  return ensureGoProgram('shim', instance.cache, { go: await ensureGo(instance, log), log, sources });
}

export class ShimWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'slot-'));
  readonly #shim: ChildProcess;
  readonly slot: Promise<Slot>;
  readonly ended: Promise<unknown[]>;

  constructor(program: string) {
    execFileSync(program, ['install', this.folder]);
    this.slot = Slot.open(this.folder, AbortSignal.timeout(10_000));
    // Who is no root makes a user namespace first.
    const root = process.getuid?.() === 0 ? [] : ['--map-root-user'];
    const args = [...root, '--fork', '--pid', '--mount-proc', '--kill-child', join(this.folder, 'shim')];
    this.#shim = spawn('unshare', [...args, 'serve', this.folder], {
      env: { PATH: process.env['PATH'] },
      stdio: 'inherit',
    });
    this.ended = once(this.#shim, 'exit');
  }

  /** As the kernel does to a container that has no memory left. */
  kill(): void {
    this.#shim.kill('SIGKILL');
  }

  async close(): Promise<void> {
    (await this.slot).close();
    await this.ended;
    rmSync(this.folder, { recursive: true });
  }
}
