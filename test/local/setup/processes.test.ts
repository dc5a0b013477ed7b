import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { daemonPid, startDaemon, stopDaemon } from '#local/setup/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'processes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const daemon = (name: string, script: string) => ({
  command: 'bash',
  args: ['-c', script],
  env: { PATH: process.env['PATH'] },
  cwd: folder,
  log: join(folder, `${name}.log`),
  pidFile: join(folder, `${name}.pid`),
});

const alive = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

test('a daemon is stopped with its children, and stopping again is no error', async () => {
  const spec = daemon('family', 'sleep 600 & echo $!; wait');
  const pid = startDaemon(spec);
  expect(daemonPid(spec.pidFile)).toBe(pid);
  await expect.poll(() => readFileSync(spec.log, 'utf8').trim()).toMatch(/^\d+$/);
  const child = Number(readFileSync(spec.log, 'utf8'));
  expect(await stopDaemon(spec.pidFile)).toBe(true);
  expect([alive(pid), alive(child)]).toEqual([false, false]);
  expect(await stopDaemon(spec.pidFile)).toBe(false);
});

test('one that ignores the request is ended', async () => {
  const spec = daemon('deaf', "trap '' TERM; echo ready; while :; do sleep 0.1; done");
  const pid = startDaemon(spec);
  await expect.poll(() => readFileSync(spec.log, 'utf8')).toContain('ready');
  await stopDaemon(spec.pidFile, 300);
  expect(alive(pid)).toBe(false);
});

test('a number that the system gave to another process is not taken for the daemon', async () => {
  const pidFile = join(folder, 'reused.pid');
  writeFileSync(pidFile, JSON.stringify({ pid: process.pid, startedAt: '1' }));
  expect(daemonPid(pidFile)).toBeUndefined();
  expect(await stopDaemon(pidFile)).toBe(false);
});

test('a damaged record is told, not guessed at', () => {
  const pidFile = join(folder, 'damaged.pid');
  writeFileSync(pidFile, '{');
  expect(() => daemonPid(pidFile)).toThrow(/damaged\.pid.*stop that process by hand/);
});

test('a program that is not there is an error at once', async () => {
  const spec = { ...daemon('none', ''), command: join(folder, 'no-such-program') };
  expect(() => startDaemon(spec)).toThrow(/could not be started/);
  await sleep(20);
});
