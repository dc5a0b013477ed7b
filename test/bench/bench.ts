/**
 * `npm run bench [-- NAME…] [--all] [--json FILE] [--record]`: measures, prints a table, and writes one entry a figure.
 * Timings are measured here and nowhere asserted: a test that times is a test that flakes.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { controlPlane } from '#local/demo/access.ts';
import { command } from '#local/setup/command.ts';
import type { Ui } from '#local/ui/ui.ts';
import { builds } from './builds.ts';
import { type BenchCloud, withCloud } from './cloud.ts';
import { startCold, startWarm, testCold, testWarm } from './commands.ts';
import { dnsCalls, dnsPlan } from './dns.ts';
import type { Entry } from './entry.ts';
import { jobFiles } from './files.ts';
import { jobMemory } from './job-memory.ts';
import { jobStream, plan10Tb } from './jobs.ts';
import { bundleSize, coldImport } from './lambdas.ts';
import { record } from './measured.ts';
import { promotionMemory } from './promotion-memory.ts';
import { rebuilds } from './rebuilds.ts';
import { reconcileGrowth } from './reconcile-growth.ts';
import { rolloutRatio } from './rollout.ts';
import { simulation } from './simulation.ts';
import { mariadbTableJob, tableJob } from './table-job.ts';
import { unchangedSpec } from './unchanged-spec.ts';
import { verdicts } from './verdict.ts';
import { wholeJob } from './whole-job.ts';

/** In the order in which they run. One run may give several figures. */
interface Bench {
  readonly names: readonly string[];
  readonly alone?: () => Promise<Entry[]>;
  readonly inCloud?: (cloud: BenchCloud) => Promise<Entry[]>;
  /** Takes many minutes: only by its name, or with --all. */
  readonly slow?: true;
}

const benches: readonly Bench[] = [
  { names: ['bundle-size'], alone: bundleSize },
  { names: ['cold-import'], alone: coldImport },
  { names: ['dns-plan'], alone: dnsPlan },
  { names: ['dns-calls'], alone: dnsCalls },
  { names: ['plan-10tb'], alone: plan10Tb },
  { names: ['job-stream'], alone: jobStream },
  { names: ['job-memory'], alone: jobMemory },
  { names: ['job-file', 'job-two'], alone: jobFiles },
  { names: ['verdict-latency', 'verdict-burst'], inCloud: verdicts },
  {
    names: ['reconcile-growth'],
    inCloud: (cloud) => reconcileGrowth(cloud, controlPlane(cloud.cloud).TableName),
  },
  { names: ['rollout-ratio'], inCloud: rolloutRatio },
  { names: ['job-whole'], inCloud: wholeJob, slow: true },
  { names: ['job-table'], inCloud: tableJob, slow: true },
  { names: ['job-table-mariadb'], inCloud: mariadbTableJob, slow: true },
  { names: ['unchanged-spec'], inCloud: unchangedSpec },
  { names: ['rebuild-added-package', 'build-time', 'image-size'], inCloud: builds },
  {
    names: [
      'rebuild-added-package/pip-eighth',
      'rebuild-added-package/npm',
      'rebuild-added-package/apt',
      'rebuild-added-package/registry',
    ],
    inCloud: rebuilds,
    slow: true,
  },
  { names: ['promotion-memory'], alone: promotionMemory, slow: true },
  { names: ['simulation'], alone: simulation, slow: true },
  { names: ['start-warm'], alone: startWarm, slow: true },
  { names: ['start-cold'], alone: startCold, slow: true },
  { names: ['test-warm'], alone: testWarm, slow: true },
  { names: ['test-cold'], alone: testCold, slow: true },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    all: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    yes: { type: 'boolean', short: 'y', default: false },
  },
});

await command(async (ui) => {
  const chosen = choose(positionals);
  const entries: Entry[] = [];
  const failures: unknown[] = [];
  const measure = async (names: readonly string[], work: () => Promise<Entry[]>): Promise<void> => {
    ui.say(`\nMeasuring ${names.join(', ')} …`);
    try {
      const found = await work();
      entries.push(...found);
      for (const entry of found) ui.say(`  ${line(entry).join('  ')}`);
    } catch (error) {
      failures.push(error);
      ui.failure(error);
    }
  };
  for (const { names, alone } of chosen) if (alone) await measure(names, alone);
  const withClouds = chosen.flatMap(({ names, inCloud }) => (inCloud ? [{ names, inCloud }] : []));
  if (withClouds.length > 0) {
    await withCloud(ui, values.yes, async (cloud) => {
      for (const { names, inCloud } of withClouds) await measure(names, () => inCloud(cloud));
    });
  }
  report(ui, entries);
  return failures.length === 0 && entries.every(({ ok }) => ok) ? 0 : 1;
});

function choose(names: readonly string[]): readonly Bench[] {
  const known = benches.flatMap((bench) => bench.names);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`No bench is called ${unknown.join(', ')}: there are ${known.join(', ')}.`);
  if (names.length > 0) return benches.filter((bench) => bench.names.some((name) => names.includes(name)));
  return benches.filter(({ slow }) => values.all || !slow);
}

function line({ name, value, unit, target, ok, note }: Entry): string[] {
  return [ok ? '✓' : '✗', name, `${Math.round(value * 100) / 100} ${unit}`, target, note];
}

function report(ui: Ui, entries: readonly Entry[]): void {
  ui.heading('Measured');
  ui.table(['', 'name', 'value', 'target', 'how'], entries.map(line));
  const missed = entries.filter(({ ok }) => !ok).length;
  ui.say(`\n${entries.length} figures, ${missed} beyond their target`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(entries, null, 2)}\n`);
  if (values.record) ui.say(`Written: ${record(entries).join(', ')}`);
}
