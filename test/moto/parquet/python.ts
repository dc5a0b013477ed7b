/** Python with what reads Parquet, and a job's plan: pyarrow, Dask and boto3, installed once into the cache. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { instanceOf } from '#local/instance.ts';
import { ensureVenv } from '#local/setup/venv.ts';

const MiB = 2 ** 20;

export interface Ran {
  readonly code: number | string;
  /** Of its output, a line of JSON each. */
  readonly lines: readonly unknown[];
  readonly err: string;
}

/** @returns the folder of its programs. */
export function withPython(): Promise<string> {
  const { cache, root } = instanceOf('test');
  const requirements = join(import.meta.dirname, 'requirements.txt');
  const log = join(root, '.state/dask-install.log');
  return ensureVenv({ name: 'dask', requirements, module: 'dask.bag, pyarrow.parquet', cache }, { log });
}

export function runPython(
  programs: string,
  script: string,
  {
    input = '',
    cwd,
    env = {},
  }: { input?: string; cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const options = {
    ...(cwd && { cwd }),
    env: { PYTHONDONTWRITEBYTECODE: '1', ...env },
    maxBuffer: 512 * MiB,
  };
  const child = execFile(join(programs, 'python'), [script], options, (error, out, err) => {
    const lines = out.split('\n').filter(Boolean);
    resolve({ code: error?.code ?? 0, lines: lines.map((line) => JSON.parse(line)), err });
  });
  child.stdin?.end(input);
  return promise;
}
