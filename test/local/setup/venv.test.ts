/** Python programs are installed once, whole or not at all: on a stand-in for Python, which takes seconds for a venv. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attempt } from '#local/setup/run.ts';
import { ensureVenv, type Venv, venvPrograms } from '#local/setup/venv.ts';

let folder: string;
let python: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'getschwifty-venv-'));
  python = join(folder, 'python');
  writeFileSync(python, standIn);
  chmodSync(python, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A venv gets a copy; pip refuses what has no hash, its last argument names the requirements. */
const standIn = `#!/bin/sh
case "$1 $2" in
  '-m venv') mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  '-m pip') for file; do :; done; ! grep no-hash "$file" ;;
  '-c import tool') exit 0 ;;
  *) exit 2 ;;
esac
`;

function venv(): Venv {
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, 'tool==1.0 --hash=sha256:00\n');
  return { name: 'tools', requirements, module: 'tool', cache: join(folder, 'cache') };
}
const log = () => join(folder, 'log');
const install = (wanted: Venv) => ensureVenv(wanted, { python, log: log() });
const works = async (programs: string) =>
  (await attempt(join(programs, 'python'), ['-c', 'import tool'])).code === 0;

describe('a venv', () => {
  it('made by several at once is one', async () => {
    const wanted = venv();
    const made = await Promise.all([1, 2, 3].map(() => install(wanted)));
    expect(new Set(made)).toEqual(new Set([venvPrograms(wanted)]));
    expect(await works(venvPrograms(wanted))).toBe(true);
    // The folder and the link to it: what the slower ones made is gone.
    expect(readdirSync(wanted.cache)).toHaveLength(2);
  });

  it('is left as it is while it works, and made anew when its Python is gone', async () => {
    const wanted = venv();
    await install(wanted);
    const before = readFileSync(log(), 'utf8');
    await install(wanted);
    expect(readFileSync(log(), 'utf8')).toBe(before);
    rmSync(join(venvPrograms(wanted), 'python'));
    await install(wanted);
    expect(await works(venvPrograms(wanted))).toBe(true);
  });

  it('whose installation fails is not there at all, and the log says why', async () => {
    const wanted = venv();
    writeFileSync(wanted.requirements, 'no-hash==1.0\n');
    await expect(install(wanted)).rejects.toThrow(/output is in/);
    expect(readFileSync(log(), 'utf8')).toContain('no-hash==1.0');
    expect(readdirSync(wanted.cache)).toEqual([]);
  });

  it('takes packages by their hashes alone, and builds none', async () => {
    await install(venv());
    expect(readFileSync(log(), 'utf8')).toMatch(/pip install --require-hashes --only-binary=:all: --no-deps/);
  });

  it('with other requirements is another one', () => {
    const wanted = venv();
    const programs = venvPrograms(wanted);
    writeFileSync(wanted.requirements, '# something else\n');
    expect(venvPrograms(wanted)).not.toBe(programs);
  });
});
