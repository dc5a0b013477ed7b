/** Judges of .github/workflows: actionlint (with shellcheck for what they run) and zizmor, without a network. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '#local/setup/run.ts';

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
