/** `npm run check`: types, lint, boundaries, dead code, unit tests, synth, judges. No cloud, no root. */
import { join } from 'node:path';
import { instanceOf } from '#local/instance.ts';
import { runChecks } from '#local/setup/checks.ts';
import { command } from '#local/setup/command.ts';
import { printResults } from '#local/ui/results.ts';

await command(async (ui) => {
  const { root, cache } = instanceOf('demo');
  const results = await runChecks(ui, { root, cache, logs: join(root, '.state/check') });
  return printResults(ui, results);
});
