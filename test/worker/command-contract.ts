/** What a worker makes of commands that don't behave, wherever they run. */
import { describe, expect, it } from 'vitest';
import type { CommandRunner } from '../../worker/runner.ts';
import { WorkerWorld } from './world.ts';

export interface Where {
  readonly runner: CommandRunner;
  close(): Promise<void>;
}

export function commandContract(name: string, where: () => Promise<Where>): void {
  const numbers = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');
  const sh = (script: string): string[] => ['sh', '-c', script];

  describe(`commands ${name}`, () => {
    const run = async (
      script: string,
      more: ConstructorParameters<typeof WorkerWorld>[0] = {},
      lines = 400,
    ) => {
      const { runner, close } = await where();
      const world = new WorkerWorld({ command: sh(script), maxFailures: 2, ...more }, runner);
      await world.enqueue({ a: numbers(lines) }, 10_000_000);
      await world.work();
      await close();
      const [state] = await world.states();
      expect(world.objects.unfinished.size).toBe(0);
      return { world, state, output: await world.output() };
    };

    it('may not read their input, and end early: the range is still read to its end', async () => {
      const { state, output } = await run('echo done', {}, 200_000);
      expect(output).toBe('done\n');
      expect(state).toMatchObject({ state: 'committed', parts: [{ records: 200_000, to: 2_288_890 }] });
    });

    it('may print nothing', async () => {
      const { state, output } = await run('cat >/dev/null');
      expect(output).toBe('');
      expect(state).toMatchObject({ state: 'committed', parts: [{ output: { bytes: 0 } }] });
    });

    it('may print a lot', async () => {
      const { state } = await run('cat >/dev/null; head -c 10000000 /dev/zero');
      expect(state).toMatchObject({ state: 'committed', parts: [{ output: { bytes: 10_000_000 } }] });
    });

    it('that fail are tried again, then the chunk is failed, with its code and the end of what they complained of', async () => {
      const { state, world } = await run('cat >/dev/null; seq 10000 >&2; echo no such thing >&2; exit 3');
      expect(state).toMatchObject({
        state: 'failed',
        attempts: 2,
        // All of it was given, and the chunk is no larger.
        lastFailure: { kind: 'command', exitCode: 3, offset: numbers(400).length },
      });
      expect(state?.lastFailure?.stderr).toMatch(/9999\n10000\nno such thing\n$/);
      expect(state?.lastFailure?.stderr?.length).toBeLessThanOrEqual(4096);
      expect(world.queue.size).toBe(0);
      expect(world.objects.results.size).toBe(0);
    });

    it('that fail at once are not fed to the end', async () => {
      // More than the pipes to it hold, which is 2 MiB behind the shim.
      const { state } = await run('exit 4', {}, 400_000);
      expect(state).toMatchObject({ state: 'failed', lastFailure: { exitCode: 4 } });
      expect(state?.lastFailure?.offset).toBeLessThan(numbers(400_000).length);
    });

    it('that hang are ended at their time limit, with all that they started', async () => {
      const { state } = await run('sleep 300 & sleep 300', { timeLimitSeconds: 1, maxFailures: 1 });
      expect(state).toMatchObject({ state: 'failed', lastFailure: { kind: 'time-limit' } });
    });

    it('that leave a process behind end it with them, and what it wrote before counts', async () => {
      const { state, output } = await run('(echo early; sleep 300) & cat >/dev/null; echo late');
      expect(state?.state).toBe('committed');
      expect(output.split('\n').sort()).toEqual(['', 'early', 'late']);
    });

    it('that are not there fail the chunk and say so', async () => {
      const { state } = await run('', { command: ['no-such-program'] });
      expect(state).toMatchObject({ state: 'failed', lastFailure: { exitCode: 127 } });
      expect(state?.lastFailure?.stderr).toMatch(/ENOENT|executable file not found/);
    });

    it('see which chunk it is, and nothing of ours', async () => {
      process.env['AWS_SECRET_ACCESS_KEY'] = 'ours';
      const { output } = await run('cat >/dev/null; env | cut -d= -f1 | sort');
      expect(output.split('\n').filter((name) => !['_', 'OLDPWD', 'PWD', 'SHLVL'].includes(name))).toEqual(
        ['CHUNK_ID', 'CHUNK_KEY', 'PATH', ''].sort((a, b) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1)),
      );
    });
  });
}
