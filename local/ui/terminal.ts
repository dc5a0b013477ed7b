/** Progress for a terminal: every step on a line of its own, with its elapsed time, by listr2. */
import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Renderer, StepView } from '#local/ui/board.ts';
import { duration } from '#local/ui/format.ts';

interface Row {
  readonly view: StepView;
  readonly ended: PromiseWithResolvers<void>;
}

export function terminalRenderer(clock: () => number = Date.now): Renderer {
  const rows: Row[] = [];
  let shown: Promise<unknown> = Promise.resolve();
  return {
    begin: (views) => {
      rows.push(...views.map((view) => ({ view, ended: Promise.withResolvers<void>() })));
      shown = listOf(rows, clock)
        .run()
        // The board throws the failure itself; here it only turns the row red.
        .catch(() => undefined);
    },
    started: () => undefined,
    noted: () => undefined,
    ended: (view) => {
      const row = rows.find((candidate) => candidate.view === view);
      if (view.state === 'failed') row?.ended.reject(new Error('failed'));
      else row?.ended.resolve();
    },
    close: async () => {
      // A step that still runs after another one failed is left as it is.
      for (const row of rows) row.ended.resolve();
      await shown;
    },
  };
}

function listOf(rows: readonly Row[], clock: () => number): { run(): Promise<unknown> } {
  const logger = new ListrLogger({
    processOutput: new ProcessOutput(undefined, undefined, { leaveEmptyLine: false }),
  });
  return new Listr(
    rows.map((row) => ({
      title: titleOf(row.view, clock),
      task: async (_context, task) => {
        const tick = setInterval(() => {
          task.title = titleOf(row.view, clock);
        }, 500);
        try {
          await row.ended.promise;
        } finally {
          clearInterval(tick);
          task.title = titleOf(row.view, clock);
        }
        if (row.view.state !== 'done') task.skip();
      },
    })),
    {
      concurrent: true,
      exitOnError: false,
      // Ctrl-C is the command's own business: it says what stays up, or stops it.
      registerSignalListeners: false,
      rendererOptions: { showErrorMessage: false, showSkipMessage: false, formatOutput: 'truncate', logger },
    },
  );
}

function titleOf(view: StepView, clock: () => number): string {
  const { title } = view.spec;
  if (view.state === 'waiting') return `${title} · waiting`;
  if (view.state === 'not started') return `${title} · not started`;
  const took = duration((view.endedAt === 0 ? clock() : view.endedAt) - view.startedAt);
  return view.note === '' ? `${title} · ${took}` : `${title} · ${took} · ${view.note}`;
}
