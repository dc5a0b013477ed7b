/**
 * Processes that outlive the command that starts them. Each leads a group of its own, so that it can be
 * stopped with all its children, and has a record with its start time, so that a number used again by the
 * system is never mistaken for it.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from '#core/zod.ts';

interface Daemon {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Appended to. */
  readonly log: string;
  readonly pidFile: string;
}

const recordSchema = z.object({ pid: z.int().check(z.positive()), startedAt: z.string() });

export function startDaemon(daemon: Daemon): number {
  mkdirSync(dirname(daemon.log), { recursive: true });
  mkdirSync(dirname(daemon.pidFile), { recursive: true });
  const log = openSync(daemon.log, 'a');
  const child = spawn(daemon.command, daemon.args, {
    cwd: daemon.cwd,
    env: daemon.env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  // Told by the exception below; without a listener the event would end this process.
  child.on('error', () => undefined);
  const { pid } = child;
  const stat = pid === undefined ? undefined : readStat(pid);
  if (pid === undefined || stat === undefined)
    throw new Error(`${daemon.command} could not be started; see ${daemon.log}`);
  writeFileSync(daemon.pidFile, JSON.stringify({ pid, startedAt: stat.startedAt }));
  child.unref();
  return pid;
}

/** The process of the record while it lives. */
export function daemonPid(pidFile: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(pidFile, 'utf8');
  } catch {
    return undefined;
  }
  const record = recordSchema.safeParse(safeJson(text));
  if (!record.success)
    throw new Error(`${pidFile} is not a process record: remove it and stop that process by hand`);
  const stat = readStat(record.data.pid);
  return stat?.startedAt === record.data.startedAt && stat.state !== 'Z' ? record.data.pid : undefined;
}

/** Asks the group to end, then ends it. Returns whether there was something to stop. */
export async function stopDaemon(pidFile: string, patience = 10_000): Promise<boolean> {
  const pid = daemonPid(pidFile);
  if (pid !== undefined) {
    signalGroup(pid, 'SIGTERM');
    const deadline = Date.now() + patience;
    while (groupMembers(pid).length > 0 && Date.now() < deadline) await sleep(50);
    if (groupMembers(pid).length > 0) {
      signalGroup(pid, 'SIGKILL');
      while (groupMembers(pid).length > 0) await sleep(20);
    }
  }
  rmSync(pidFile, { force: true });
  return pid !== undefined;
}

/**
 * Ends what this command started and still waits for (a compiler, a test runner), not its daemons and not
 * what was given a session of its own.
 */
export function endOwnChildren(): void {
  const all = processes();
  const session = all.find(({ pid }) => pid === process.pid)?.session;
  const family = new Set([process.pid]);
  for (let before = 0; before !== family.size; ) {
    before = family.size;
    for (const { pid, parent, session: own } of all)
      if (family.has(parent) && own === session) family.add(pid);
  }
  family.delete(process.pid);
  for (const pid of family) signal(pid, 'SIGTERM');
}

interface Stat {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** In clock ticks since the machine started. */
  readonly startedAt: string;
}

function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(join('/proc', String(pid), 'stat'), 'utf8');
  } catch {
    return undefined;
  }
  // The program's name, in parentheses, may hold anything; what follows is numbers (proc(5)).
  const [state = '', parent, group, session, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startedAt: rest[15] ?? '',
  };
}

const processes = (): Stat[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);

const groupMembers = (group: number): Stat[] =>
  processes().filter((candidate) => candidate.group === group && candidate.state !== 'Z');

const signalGroup = (group: number, name: NodeJS.Signals): void => signal(-group, name);

function signal(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch (error) {
    // It ended meanwhile, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
