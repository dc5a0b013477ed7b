/** Judges of .github/workflows: actionlint (with shellcheck for what they run) and zizmor, without a network. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '#local/setup/run.ts';

const sources = fileURLToPath(new URL('actionlint', import.meta.url));

/** Built from its Go module once for all checkouts. Returns the program's path. */
export async function ensureActionlint(
  cache: string,
  { go, log }: { readonly go: string; readonly log: string },
): Promise<string> {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(sources, name)));
  const program = join(cache, `actionlint-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(`${program}.`);
  try {
    const fresh = join(folder, 'actionlint');
    await run(go, ['build', '-trimpath', '-ldflags', '-s -w', '-o', fresh, '.'], {
      log,
      cwd: sources,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    renameSync(fresh, program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return program;
}

interface Bench {
  readonly root: string;
  readonly actionlint: string;
  /** Of the judges' venv: shellcheck and zizmor. */
  readonly programs: string;
  readonly log: string;
}

/** @throws when one of them has a finding; the log has it. A finding that we live with has its reason beside it. */
export async function judgeWorkflows({ root, actionlint, programs, log }: Bench): Promise<string> {
  const workflows = globSync('.github/workflows/*.{yml,yaml}', { cwd: root });
  if (workflows.length === 0) throw new Error(`there is no workflow in ${root}/.github/workflows`);
  const options = { log, cwd: root };
  const shellcheck = ['-shellcheck', join(programs, 'shellcheck'), '-pyflakes', ''];
  await run(actionlint, ['-no-color', ...shellcheck, ...workflows], options);
  const strict = ['--offline', '--persona', 'pedantic', '--no-progress', '--color', 'never'];
  await run(join(programs, 'zizmor'), [...strict, '.github'], options);
  return `${workflows.length} read`;
}
