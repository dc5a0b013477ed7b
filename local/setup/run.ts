/** Runs a program to its end, with its output in a log file or as a string; it fails by name, not by silence. */
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';

interface RunOptions {
  /** Appended to. */
  readonly log: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A session of its own: neither Ctrl-C nor the end of this command interrupts it. */
  readonly ownSession?: boolean;
  /** Each line, as it comes. */
  readonly onLine?: (line: string) => void;
}

export async function run(command: string, args: readonly string[], options: RunOptions): Promise<void> {
  mkdirSync(dirname(options.log), { recursive: true });
  const log = createWriteStream(options.log, { flags: 'a' });
  log.write(`$ ${[command, ...args].join(' ')}\n`);
  try {
    const code = await ended(command, args, options, (chunk) => log.write(chunk));
    if (code !== 0)
      throw new Error(`${command} ${args[0] ?? ''} ended with ${code}; its output is in ${options.log}`);
  } finally {
    log.end();
    await finished(log);
  }
}

/** Its standard output; throws with its standard error. */
export async function capture(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return stdout;
}

/** The same for a program that may say no, or not be there. */
export function attempt(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ code: number | string; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', (error) => resolve({ code: 'no start', stdout, stderr: error.message }));
    child.on('close', (code, signal) => resolve({ code: code ?? signal ?? 'no exit code', stdout, stderr }));
  });
}

function ended(
  command: string,
  args: readonly string[],
  options: RunOptions,
  sink: (chunk: string) => void,
): Promise<number | string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      detached: options.ownSession ?? false,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        sink(chunk);
        if (options.onLine === undefined) return;
        const lines = (rest + chunk).split(/[\r\n]+/);
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.trim() !== '') options.onLine(line);
      });
    }
    child.on('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'no exit code'));
  });
}
