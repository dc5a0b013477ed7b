/**
 * What a newcomer waits for: `start-cold` and `test-cold` from a fresh clone with a new HOME, so that no cache of npm,
 * pip, Go or ours is there (the machine's packages are as they are); `start-warm` and `test-warm` with the caches.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instanceOf } from '#local/instance.ts';
import { run } from '#local/setup/run.ts';
import { atMost, type Entry, recorded } from './entry.ts';

const seconds = (milliseconds: number): number => Math.round(milliseconds / 100) / 10;
const note = (what: string): string => `${what}; one run`;

export const startCold = (): Promise<Entry[]> =>
  inFreshClone(true, async (shell) => {
    const value = seconds((await shell('npm ci --no-audit --no-fund')) + (await shell(start)));
    await shell('npm run local:down');
    const figure = {
      name: 'start-cold',
      value,
      unit: 's',
      note: note('npm ci and npm start, without the story'),
    };
    return [atMost(1200, figure)];
  });

export const startWarm = (): Promise<Entry[]> =>
  inFreshClone(false, async (shell) => {
    await shell('npm ci --no-audit --no-fund');
    await shell(start);
    const again = seconds(await shell(start));
    await shell('npm run local:down');
    const value = seconds(await shell(start));
    await shell('npm run local:down');
    const figures = `with nothing running and the caches; ${again} s with everything running`;
    return [atMost(90, { name: 'start-warm', value, unit: 's', note: note(`second npm start, ${figures}`) })];
  });

export const testCold = (): Promise<Entry[]> => timedTest('test-cold', true);
export const testWarm = (): Promise<Entry[]> => timedTest('test-warm', false);

const timedTest = (name: string, cold: boolean): Promise<Entry[]> =>
  inFreshClone(cold, async (shell) => {
    const value = seconds(await shell('bash .ci/run'));
    return [recorded({ name, value, unit: 's', note: note('.ci/run: npm ci and npm test, all passed') })];
  });

const start = 'npm start -- --yes --no-demo';

/** @param cold with an empty HOME. @returns what `work` found; the clone is removed. */
async function inFreshClone(
  cold: boolean,
  work: (shell: (command: string) => Promise<number>) => Promise<Entry[]>,
): Promise<Entry[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const { root } = instanceOf('bench');
  const clone = join(folder, 'clone');
  const log = join(root, '.state/bench.log');
  const { GETSCHWIFTY_CONFIG: _ours, ...rest } = process.env;
  const env: NodeJS.ProcessEnv = cold ? { ...rest, HOME: join(folder, 'home') } : rest;
  mkdirSync(join(folder, 'home'));
  const shell = async (command: string): Promise<number> => {
    const began = Date.now();
    await run('bash', ['-c', command], { log, cwd: clone, env });
    return Date.now() - began;
  };
  try {
    await run('git', ['clone', '--quiet', root, clone], { log });
    return await work(shell);
  } catch (error) {
    await shell('npm run local:down').catch(() => undefined);
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
