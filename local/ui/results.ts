/** The table of checks and tests, and the one line that sums it up: always the last one printed. */
import type { Result } from '#local/setup/checks.ts';
import { duration } from '#local/ui/format.ts';
import type { Ui } from '#local/ui/ui.ts';

/** The exit code. */
export function printResults(ui: Ui, results: readonly Result[]): number {
  ui.heading('Results');
  ui.table(
    ['', 'check', 'passed', 'failed', 'time'],
    results.map(({ title, passed, failed, milliseconds }) => [
      failed === 0 ? '✓' : '✗',
      title,
      String(passed),
      String(failed),
      duration(milliseconds),
    ]),
  );
  const sum = (pick: (result: Result) => number): number =>
    results.reduce((total, one) => total + pick(one), 0);
  const failed = sum((result) => result.failed);
  ui.say(`\n${sum((result) => result.passed)} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
