/**
 * docs/measured.md is written from docs/measured.json, which keeps the newest entry of each name with its day and
 * machine: `npm run bench -- --record` puts them in, those of `simulation` among them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import * as z from '#core/zod.ts';
import { Entry } from './entry.ts';

const file = (name: string): string => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));

const Measured = z.object({
  entries: z.array(z.object({ ...Entry.shape, date: z.iso.date(), machine: z.string() })),
  /** Bugs of the product that writing or running the simulation found, in a line each; kept by hand. */
  found: z.array(z.string()),
});
type Measured = z.infer<typeof Measured>;

const machine = (): string =>
  `${cpus().length} cores (${process.arch}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux`;

export const readMeasured = (): Measured =>
  Measured.parse(JSON.parse(readFileSync(file('measured.json'), 'utf8')));

/** @returns the files that it wrote. */
export function record(entries: readonly Entry[]): string[] {
  const known = readMeasured();
  const date = new Date().toISOString().slice(0, 10);
  const fresh = entries.map((entry) => ({ ...entry, date, machine: machine() }));
  const kept = known.entries.filter(({ name }) => !fresh.some((entry) => entry.name === name));
  const measured = { ...known, entries: [...kept, ...fresh].sort((a, b) => (a.name < b.name ? -1 : 1)) };
  writeFileSync(file('measured.json'), `${JSON.stringify(measured, null, 2)}\n`);
  writeFileSync(file('measured.md'), drawMeasured(measured));
  return ['docs/measured.json', 'docs/measured.md'];
}

export function drawMeasured({ entries, found }: Measured): string {
  return [
    '# Measured',
    '',
    'Written by `npm run bench -- --record` from docs/measured.json: measure again rather than edit. Ratios are of both sides',
    'measured in turn in one run; figures of single runs on other machines differ, the ratios much less.',
    '',
    '| | figure | value | target | how | day | machine |',
    '|---|---|---|---|---|---|---|',
    ...entries.map(
      ({ ok, name, value, unit, target, note, date, machine }) =>
        `| ${ok ? '✓' : '✗'} | ${name} | ${Math.round(value * 100) / 100} ${unit} | ${target} | ${note} | ${date} | ${machine} |`,
    ),
    '',
    '## What the simulation found',
    '',
    'Writing its model or running it, before they reached anybody:',
    '',
    ...found.map((bug) => `- ${bug}`),
    '',
  ].join('\n');
}
