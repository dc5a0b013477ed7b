/** A vitest project as one step: its log, its report, and every test counted. With CI=true none may be skipped. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from '#core/zod.ts';
import { run } from '#local/setup/run.ts';
import type { Board } from '#local/ui/board.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

export interface Place {
  /** The checkout. */
  readonly root: string;
  readonly logs: string;
}

interface TestRun extends Place {
  readonly title: string;
  /** As vitest takes it: a name, or the beginning of several. */
  readonly project: 'unit*' | 'moto' | 'sql' | 'e2e*';
  readonly after: Promise<unknown>[];
  readonly env?: NodeJS.ProcessEnv;
}

export function testStep(board: Board, counts: Map<string, Counts>, test: TestRun): Promise<void> {
  const { title, project, root, logs } = test;
  const name = project.replace('*', '');
  const log = freshLog(logs, name);
  const file = join(logs, `${name}.json`);
  const advice = `run 'npx vitest run --project "${project}" -t "<name>"'`;
  return board.step({ title, log, advice }, test.after, async (_, progress) => {
    rmSync(file, { force: true });
    const args = [
      'run',
      '--project',
      project,
      '--reporter=verbose',
      '--reporter=json',
      `--outputFile=${file}`,
    ];
    const onLine = progressOf(progress.note);
    const env = { ...process.env, ...test.env, NO_COLOR: '1' };
    const ended = await run('vitest', args, { log, cwd: root, env, onLine }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const tests = readReport(file, log);
    counts.set(title, { passed: tests.passed, failed: tests.failed.length });
    progress.note(
      `${tests.passed} passed${tests.skipped.length === 0 ? '' : `, ${tests.skipped.length} skipped`}`,
    );
    if (tests.failed.length > 0) throw new Error(['these tests failed:', ...tests.failed].join('\n  '));
    if (ended !== undefined) throw ended;
    if (tests.skipped.length > 0 && process.env['CI'] === 'true')
      throw new Error(['nothing may be skipped with CI=true:', ...tests.skipped].join('\n  '));
  });
}

/** Exported for its test. Tells the file of each test that ended, and from the first failure on what failed last: a run cut short says it too. */
export function progressOf(note: (text: string) => void): (line: string) => void {
  let failures = '';
  let failed = 0;
  return (line) => {
    const [, mark, name, title = ''] = /([✓×]) +(?:\S+ +)?(\S+\.test\.ts)(?: > (.*))?/.exec(line) ?? [];
    if (name === undefined) return;
    // A line about a whole file repeats what its tests said.
    if (mark === '×' && title !== '') failures = `; ${++failed} failed, last ${name} > ${title}`;
    note(`${name}${failures}`);
  };
}

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.optional(z.string()),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.nullish(z.array(z.string())),
        }),
      ),
    }),
  ),
});

interface Tests {
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
}

function readReport(file: string, log: string): Tests {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`vitest ended without a report; see ${log}`);
  }
  return countTests(text);
}

/** Exported for its test. */
export function countTests(report: string): Tests {
  const files = reportSchema.parse(JSON.parse(report)).testResults;
  const all = files.flatMap((file) => file.assertionResults.map((one) => ({ ...one, file: file.name })));
  const line = ({ file, fullName, failureMessages }: (typeof all)[number]): string =>
    [`${file}: ${fullName}`, failureMessages?.[0]?.split('\n')[0]].filter(Boolean).join(': ');
  const broken = files.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
  );
  return {
    passed: all.filter(({ status }) => status === 'passed').length,
    failed: [
      ...all.filter(({ status }) => status === 'failed').map(line),
      ...broken.map(
        ({ name, message }) =>
          `${name}: ${message?.split('\n')[0] || 'it, or a hook of it, failed; the log has the error'}`,
      ),
    ],
    skipped: all.filter(({ status }) => status !== 'passed' && status !== 'failed').map(line),
  };
}

export function freshLog(logs: string, name: string): string {
  mkdirSync(logs, { recursive: true });
  const log = join(logs, `${name}.log`);
  rmSync(log, { force: true });
  return log;
}
