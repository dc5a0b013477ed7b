/** What the local commands say to a person: on a terminal live, in a log or a pipe as plain lines. */
import { createInterface } from 'node:readline/promises';
import {
  Board,
  Interrupted,
  type Renderer,
  type Report,
  StepFailure,
  type StepSpec,
  type StepTime,
} from '#local/ui/board.ts';
import { duration, lastLines, table } from '#local/ui/format.ts';
import { plainRenderer } from '#local/ui/plain.ts';
import { terminalRenderer } from '#local/ui/terminal.ts';

export interface Ui {
  readonly interactive: boolean;
  heading(text: string): void;
  /** One or more lines, printed now. Between steps: a running step has its report. */
  say(text: string): void;
  table(header: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Several steps, as parallel as what they need allows. */
  board(): Board;
  /** One step; its time is kept in `times`. */
  step<T>(spec: StepSpec, work: (report: Report) => Promise<T>): Promise<T>;
  /** Of the steps run by `step`, in their order. */
  readonly times: readonly StepTime[];
  /** True where there is nobody to ask. */
  confirm(question: string): Promise<boolean>;
  /** What failed, where, the end of its log and what to do. */
  failure(error: unknown): void;
  /** Stops the steps that run, and every later one. */
  interrupt(signal: string): void;
}

/** `cancel` ends what running steps wait for when one has failed. */
export function createUi(cancel: () => void): Ui {
  const interactive = process.stdout.isTTY && process.stdin.isTTY && process.env['CI'] === undefined;
  const say = (text: string): void => console.log(text);
  const renderer = (): Renderer => (interactive ? terminalRenderer() : plainRenderer(say));
  const times: StepTime[] = [];
  let current: Board | undefined;
  let interrupted: Interrupted | undefined;
  const board = (): Board => {
    current = new Board({ renderer: renderer(), cancel });
    if (interrupted !== undefined) current.stop(interrupted);
    return current;
  };
  return {
    interactive,
    times,
    say,
    board,
    heading: (text) =>
      say(interactive ? `\n\u001b[1m${text}\u001b[0m` : `\n${text}\n${'='.repeat(text.length)}`),
    table: (header, rows) => say(table(header, rows)),
    step: async (spec, work) => {
      const single = board();
      const result = single.step(spec, [], (_, report) => work(report));
      times.push(...(await single.run()));
      return result;
    },
    confirm: async (question) => {
      if (!interactive) return true;
      const prompt = createInterface({ input: process.stdin, output: process.stdout });
      const answer = await prompt.question(`${question} [Y/n] `);
      prompt.close();
      return /^(y|yes|)$/i.test(answer.trim());
    },
    failure: (error) => console.error(failureText(error)),
    interrupt: (signal) => {
      interrupted = new Interrupted(signal);
      current?.stop(interrupted);
    },
  };
}

/** Exported for its test. */
export function failureText(error: unknown): string {
  if (!(error instanceof StepFailure)) return `\n✗ ${error instanceof Error ? error.message : String(error)}`;
  const { step, cause } = error;
  const lines = [
    '',
    `✗ ${step.title} failed after ${duration(error.milliseconds)}.`,
    `  ${(cause instanceof Error ? cause.message : String(cause)).replaceAll('\n', '\n  ')}`,
  ];
  if (step.log !== undefined) {
    const tail = lastLines(step.log, 12);
    lines.push('', tail.length === 0 ? `  Its log, ${step.log}, is empty.` : `  The end of ${step.log}:`);
    lines.push(...tail.map((line) => `  │ ${line}`));
  }
  if (step.advice !== undefined) lines.push('', `  What to do: ${step.advice}`);
  return lines.join('\n');
}
