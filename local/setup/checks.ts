/**
 * The daily checks, none of which needs a cloud (moto's server and databases come and go with their tests): each is one step with a
 * log; tests are counted one by one.
 */
import { join } from 'node:path';
import type { Instance } from '#local/instance.ts';
import { judgeDockerfiles } from '#local/judges/dockerfiles.ts';
import type { Judge } from '#local/judges/findings.ts';
import { ensureGoProgram } from '#local/judges/go-program.ts';
import { judgeTemplates } from '#local/judges/templates.ts';
import { ensureJudges } from '#local/judges/venv.ts';
import { judgeWorkflows } from '#local/judges/workflows.ts';
import { ensureGo } from '#local/setup/go.ts';
import { run } from '#local/setup/run.ts';
import { synthesize, synthesizeEveryOption } from '#local/setup/synth.ts';
import { type Counts, freshLog, type Place, testStep } from '#local/setup/tests.ts';
import type { Board, Outcome } from '#local/ui/board.ts';
import type { Ui } from '#local/ui/ui.ts';

export interface Result {
  readonly title: string;
  readonly passed: number;
  readonly failed: number;
  readonly milliseconds: number;
}

/** Where the checks run, and the folder that keeps their tools for all checkouts. */
export type Desk = Place & Pick<Instance, 'cache'>;

export async function runChecks(ui: Ui, desk: Desk): Promise<Result[]> {
  const { root, logs } = desk;
  const board = ui.board();
  const counts = new Map<string, Counts>();
  const check = (
    title: string,
    name: string,
    after: Promise<unknown>[],
    command: string,
    ...args: string[]
  ) => {
    const log = freshLog(logs, name);
    return board.step(
      { title, log, advice: `run 'npx ${[command, ...args].join(' ')}'` },
      after.map(whatever),
      () => run(command, args, { log, cwd: root }),
    );
  };
  // Two at a time: the compiler beside the quick ones, then the tests beside synth and its judges, and moto's server beside databases.
  const types = check('Types', 'types', [], 'tsc', '--noEmit');
  const lint = check('Lint and format', 'lint', [], 'biome', 'ci', '--colors=off', '.');
  const boundaries = check('Boundaries', 'boundaries', [lint], 'depcruise', '.');
  const dead = check('Dead code', 'dead-code', [boundaries], 'knip');
  const log = freshLog(logs, 'synth');
  const advice = 'the finding names its construct; mend it, or acknowledge it there with its reason';
  const assembly = board.step({ title: 'Synth with cdk-nag', log, advice }, [whatever(types)], () =>
    synthesize({ root, folder: logs, log }),
  );
  const everyLog = freshLog(logs, 'synth-every-option');
  const every = board.step({ title: 'The same, with every option', log: everyLog, advice }, [assembly], () =>
    synthesizeEveryOption({ root, folder: logs, log: everyLog }),
  );
  judge(board, desk, [assembly, every]);
  const place = { root, logs };
  const unit = testStep(board, counts, {
    ...place,
    title: 'Unit tests',
    project: 'unit*',
    after: [whatever(dead)],
  });
  void testStep(board, counts, {
    ...place,
    title: 'Contracts, against moto',
    project: 'moto',
    after: [whatever(unit)],
  });
  void testStep(board, counts, {
    ...place,
    title: 'Tables, against PostgreSQL and MariaDB',
    project: 'sql',
    after: [whatever(unit)],
  });
  return report(ui, await board.settle(), counts);
}

/** One after the other, behind synth: they share a core. */
function judge(board: Board, { root, logs, cache }: Desk, synthesized: readonly Promise<string>[]): void {
  const assemblies = Promise.all(synthesized);
  const tools = freshLog(logs, 'judges-install');
  const registries = 'see whether PyPI and the Go proxy are in reach, then run the command again';
  const installed = board.step(
    { title: 'Judges installed', log: tools, advice: registries },
    [whatever(assemblies)],
    async () => ({
      programs: await ensureJudges(cache, tools),
      actionlint: await ensureGoProgram('actionlint', cache, {
        go: await ensureGo({ root, cache }, tools),
        log: tools,
      }),
    }),
  );
  const read = freshLog(logs, 'workflows');
  const workflows = board.step(
    { title: 'Workflows', log: read, advice: 'the log has the findings: mend the workflow' },
    [installed],
    async ([tools], progress) => progress.note(await judgeWorkflows({ root, ...tools, log: read })),
  );
  const linted = freshLog(logs, 'dockerfiles');
  const dockerfiles = board.step(
    { title: 'Dockerfiles', log: linted, advice: 'the log has the findings: mend core/dockerfile.ts' },
    [installed, whatever(workflows)],
    async ([{ programs }], progress) =>
      progress.note(
        await judgeDockerfiles({ programs, folder: join(logs, 'judged-dockerfiles'), log: linted }),
      ),
  );
  const advice = 'mend it in lib/, or acknowledge it there with its reason (lib/kit/acknowledge.ts)';
  const over = (name: Judge, after: Promise<unknown>): Promise<void> =>
    board.step(
      { title: `Templates: ${name}`, advice },
      [installed, assemblies, whatever(after)],
      async ([{ programs }, made], progress) =>
        progress.note(
          await judgeTemplates(name, { programs, assemblies: made, folder: join(logs, `judged-${name}`) }),
        ),
    );
  void over('checkov', over('cfn-lint', dockerfiles));
}

export async function runEndToEnd(ui: Ui, { root, logs }: Place, env: NodeJS.ProcessEnv): Promise<Result[]> {
  const board = ui.board();
  const counts = new Map<string, Counts>();
  void testStep(board, counts, { title: 'End to end', project: 'e2e*', root, logs, after: [], env });
  return report(ui, await board.settle(), counts);
}

/** Prints what failed at once, with the end of its log. */
function report(ui: Ui, outcomes: readonly Outcome[], counts: ReadonlyMap<string, Counts>): Result[] {
  for (const { failure } of outcomes) if (failure !== undefined) ui.failure(failure);
  return outcomes.map(({ title, milliseconds, failure }) => {
    const own = counts.get(title);
    // A run that ended without one failed test still failed: it is counted.
    const failed = failure === undefined ? 0 : Math.max(1, own?.failed ?? 0);
    return { title, milliseconds, failed, passed: own?.passed ?? (failed === 0 ? 1 : 0) };
  });
}

const whatever = (step: Promise<unknown>): Promise<unknown> => step.catch(() => undefined);
