import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { StepFailure } from '#local/ui/board.ts';
import { duration, lastLines, table } from '#local/ui/format.ts';
import { failureText } from '#local/ui/ui.ts';

const folder = mkdtempSync(join(tmpdir(), 'ui-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  [40, '0.0 s'],
  [9_940, '9.9 s'],
  [9_960, '10 s'],
  [59_600, '1m 00s'],
  [425_000, '7m 05s'],
  [3_720_000, '1h 02m'],
])('%i ms is %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test('columns line up', () => {
  expect(
    table(
      ['step', 'time'],
      [
        ['a', '1 s'],
        ['longer', '2 s'],
      ],
    ),
  ).toBe(['step    time', '──────  ────', 'a       1 s', 'longer  2 s'].join('\n'));
});

test('the end of a log: no progress bars, no empty lines, none where there is no file', () => {
  const log = join(folder, 'a.log');
  writeFileSync(log, 'one\n\n10%\r50%\rall\n  two  \n');
  expect(lastLines(log, 2)).toEqual(['all', '  two']);
  expect(lastLines(join(folder, 'none'), 2)).toEqual([]);
});

test('a failure says what failed, the end of its log and what to do', () => {
  const log = join(folder, 'b.log');
  writeFileSync(log, 'E: no space left\n');
  const text = failureText(
    new StepFailure(
      { title: 'Packages', log, advice: 'free some disk' },
      3000,
      new Error('apt-get ended with 100'),
    ),
  );
  expect(text).toContain('✗ Packages failed after 3.0 s.\n  apt-get ended with 100');
  expect(text).toContain('│ E: no space left');
  expect(text).toContain('What to do: free some disk');
});
