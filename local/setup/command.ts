/** What every local command shares: its face, its end, and what happens on Ctrl-C. */
import { endOwnChildren } from '#local/setup/processes.ts';
import { createUi, type Ui } from '#local/ui/ui.ts';

/** Runs a command to its exit code; a failure is told once, with its log and what to do. */
export async function command(work: (ui: Ui) => Promise<number>): Promise<never> {
  const ui = createUi(endOwnChildren);
  // The second one ends the command at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ui.interrupt(signal));
  let code: number;
  try {
    code = await work(ui);
  } catch (error) {
    ui.failure(error);
    endOwnChildren();
    code = 1;
  }
  process.exit(code);
}
