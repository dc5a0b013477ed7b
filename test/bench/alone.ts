/** Scripts in processes of their own, each of which says what there is to say in its first line, as JSON. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { workerFlags } from '#core/jobs/worker-flags.ts';
import * as z from '#core/zod.ts';

const Server = z.object({ origin: z.url() });

/** Of this folder. */
export const here = (script: string): string => fileURLToPath(new URL(script, import.meta.url));

/** As a worker is started. @throws where it says nothing. */
export async function said<S extends z.ZodMiniType>(schema: S, script: string, ...args: string[]) {
  const { child, line } = started([...workerFlags, script, ...args]);
  const words = await line;
  child.kill();
  return z.parse(schema, JSON.parse(words));
}

function started(args: readonly string[]) {
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('close', () =>
      reject(new Error(`${args.join(' ')} ended without a word: its error is above`)),
    );
  });
  return { child, line };
}

/** @param what its script is told of what it has. */
export async function withServer<T>(
  script: 'object-server.ts' | 'result-server.ts',
  what: readonly (string | number)[],
  work: (origin: string) => Promise<T>,
): Promise<T> {
  const { child, line } = started([here(script), ...what.map(String)]);
  try {
    return await work(Server.parse(JSON.parse(await line)).origin);
  } finally {
    child.kill();
  }
}
