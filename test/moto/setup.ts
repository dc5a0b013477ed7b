/** For the tests of this folder: moto's server, installed once into the cache, running as long as they do. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { instanceOf } from '#local/instance.ts';
import { ensureVenv } from '#local/setup/venv.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where moto answers. */
    moto: string;
  }
}

const here = fileURLToPath(new URL('.', import.meta.url));

/** @returns what stops it. */
export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const { cache, root } = instanceOf('test');
  const requirements = join(here, 'requirements.txt');
  const log = join(root, '.state/moto-install.log');
  const programs = await ensureVenv({ name: 'moto', requirements, module: 'moto.server', cache }, { log });
  const child = spawn(join(programs, 'python'), [join(here, 'server.py')], {
    // Its requests must not leave this machine: no proxy, no credentials of whoever runs the tests.
    env: { PATH: '/usr/bin:/bin', PYTHONDONTWRITEBYTECODE: '1', LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = await Promise.race([firstLine(child.stdout), ended]);
  if (port === undefined) throw new Error(`moto's server did not start: ${said.join('').slice(-2000)}`);
  project.provide('moto', `http://127.0.0.1:${port}`);
  return async () => {
    child.stdin.end();
    await ended;
  };
}

const firstLine = (stream: NodeJS.ReadableStream): Promise<string> =>
  new Promise((resolve) => createInterface(stream).once('line', resolve));
