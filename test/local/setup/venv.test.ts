/** Python programs are installed once, whole or not at all. No package is asked for: none is downloaded. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attempt } from '#local/setup/run.ts';
import { ensureVenv, type Venv, venvPrograms } from '#local/setup/venv.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'getschwifty-venv-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Nothing to install: `json` comes with Python. */
function venv(): Venv {
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, '# nothing\n');
  return { name: 'tools', requirements, module: 'json', cache: join(folder, 'cache') };
}
const log = () => join(folder, 'log');
const works = async (programs: string) =>
  (await attempt(join(programs, 'python'), ['-c', 'import json'])).code === 0;

describe('a venv', () => {
  it('made by two at once is one; it is left as it is, until its Python is gone', {
    timeout: 120_000,
  }, async () => {
    const wanted = venv();
    const [programs] = await Promise.all([1, 2].map(() => ensureVenv(wanted, { log: log() })));
    expect(programs).toBe(venvPrograms(wanted));
    expect(await works(venvPrograms(wanted))).toBe(true);
    expect(readdirSync(wanted.cache)).toHaveLength(2);

    const before = readFileSync(log(), 'utf8');
    await ensureVenv(wanted, { log: log() });
    expect(readFileSync(log(), 'utf8')).toBe(before);

    rmSync(join(venvPrograms(wanted), 'python'));
    await ensureVenv(wanted, { log: log() });
    expect(await works(venvPrograms(wanted))).toBe(true);
  });

  it('whose installation fails is not there at all, and the log says why', { timeout: 120_000 }, async () => {
    const wanted = venv();
    writeFileSync(wanted.requirements, 'no-hash==1.0\n');
    await expect(ensureVenv(wanted, { log: log() })).rejects.toThrow(/output is in/);
    expect(readFileSync(log(), 'utf8')).toContain('no-hash==1.0');
    expect(readdirSync(wanted.cache)).toEqual([]);
  });

  it('with other requirements is another one', () => {
    const wanted = venv();
    const programs = venvPrograms(wanted);
    writeFileSync(wanted.requirements, '# something else\n');
    expect(venvPrograms(wanted)).not.toBe(programs);
  });
});
