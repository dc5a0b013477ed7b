/** Runs cfn-lint and checkov over a cloud assembly. Neither needs root nor, once installed, a network. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { attempt } from '#local/setup/run.ts';
import {
  type Acknowledgement,
  type Finding,
  findingsOfCfnLint,
  findingsOfCheckov,
  type Judge,
  unexcused,
  weigh,
} from './findings.ts';

interface Bench {
  /** Of the judges' venv. */
  readonly programs: string;
  /** Cloud assemblies, each a `cdk.out`: all in one go, for it is the judge's start that takes the time. */
  readonly assemblies: readonly string[];
  /** Gets the templates as the judges read them. */
  readonly folder: string;
}

/** @throws with one line for each finding without a reason, and each reason without a finding. */
export async function judgeTemplates(judge: Judge, { programs, assemblies, folder }: Bench): Promise<string> {
  const { files, acknowledgements } = bareTemplates(assemblies, folder);
  const findings = await judges[judge](programs, files, folder);
  const ours = acknowledgements.filter((it) => it.judge === judge);
  const problems = weigh(findings, ours);
  if (problems.length > 0) throw new Error([`${judge} and the reasons disagree:`, ...problems].join('\n  '));
  return `${files.length} templates, ${findings.length} findings, each with its reason`;
}

function bareTemplates(
  assemblies: readonly string[],
  folder: string,
): { readonly files: readonly string[]; readonly acknowledgements: readonly Acknowledgement[] } {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const templates = assemblies.flatMap((assembly, i) => {
    const names = readdirSync(assembly).filter((name) => name.endsWith('.template.json'));
    if (names.length === 0) throw new Error(`there is no template in ${assembly}`);
    // Of the second one they have the same names.
    return names.map((name) => ({ from: join(assembly, name), name: i === 0 ? name : `${i + 1}-${name}` }));
  });
  const read = templates.map(({ from, name }) => {
    const { text, acknowledgements } = unexcused(readFileSync(from, 'utf8'), name);
    const file = join(folder, name);
    writeFileSync(file, text);
    return { file, acknowledgements };
  });
  return {
    files: read.map(({ file }) => file),
    acknowledgements: read.flatMap(({ acknowledgements }) => acknowledgements),
  };
}

type Ask = (programs: string, files: readonly string[], folder: string) => Promise<readonly Finding[]>;

const judges: Readonly<Record<Judge, Ask>> = {
  // Its exit code says of which severities findings are; what is no list of findings is its own failure.
  'cfn-lint': async (programs, files) =>
    findingsOfCfnLint(
      await answer(join(programs, 'cfn-lint'), [
        '--format',
        'json',
        '--regions',
        'us-east-1',
        '--',
        ...files,
      ]),
    ),
  checkov: async (programs, _files, folder) =>
    findingsOfCheckov(
      await answer(
        join(programs, 'checkov'),
        [
          '--directory',
          folder,
          '--framework',
          'cloudformation',
          '--output',
          'json',
          '--quiet',
          '--compact',
          '--skip-download',
        ],
        { SKIP_PACKAGE_UPDATE_CHECK: 'true', HTTPS_PROXY: NOWHERE, HTTP_PROXY: NOWHERE },
      ),
    ),
};

/** Should a judge phone home all the same, it reaches nobody. */
const NOWHERE = 'http://127.0.0.1:9';

/** JSON on its standard output, whatever its exit code says of findings. */
async function answer(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await attempt(program, args, { ...process.env, ...env });
  if (!/^[[{]/.test(stdout.trimStart()))
    throw new Error(
      `${basename(program)} ended with ${code} and no report: ${stderr.trim() || stdout.trim()}`,
    );
  return stdout;
}
