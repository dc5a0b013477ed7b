/**
 * `npm test`: the checks, then end to end on a local cloud of its own beside any other. It is stopped whatever
 * happens, and that nothing stays behind is itself one of the tests.
 */
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packagesStep, up } from '#local/cloud.ts';
import type { Instance } from '#local/instance.ts';
import { killedAndMadeAnew } from '#local/killed.ts';
import { type Result, runChecks, runEndToEnd } from '#local/setup/checks.ts';
import { cloudFile } from '#local/setup/cloud-file.ts';
import { command } from '#local/setup/command.ts';
import { makeReady, type Ready } from '#local/setup/ready.ts';
import { down } from '#local/take-down.ts';
import { Interrupted } from '#local/ui/board.ts';
import { printResults } from '#local/ui/results.ts';
import type { Ui } from '#local/ui/ui.ts';

const { values } = parseArgs({ options: { yes: { type: 'boolean', short: 'y', default: false } } });

await command(async (ui) => {
  const ready = await makeReady(ui, 'test', values.yes);
  if (ready === undefined) return 1;
  const results: Result[] = [];
  let interrupted = false;
  try {
    await runAll(ui, ready, results);
  } catch (error) {
    interrupted = error instanceof Interrupted;
    if (!interrupted) results.push({ title: 'Local cloud', passed: 0, failed: 1, milliseconds: 0 });
    ui.failure(error);
  } finally {
    results.push(await stop(ui, ready.instance));
  }
  const code = printResults(ui, results);
  return interrupted ? 130 : code;
});

async function runAll(ui: Ui, ready: Ready, results: Result[]): Promise<void> {
  const { instance, plan } = ready;
  ui.heading('Checks');
  // Some unit tests use what the packages bring (dig, buildah): none may be skipped for want of it.
  const board = ui.board();
  void packagesStep(board, instance, plan.packages);
  await board.run();
  results.push(...(await runChecks(ui, instance)));
  ui.heading('Local cloud');
  const began = Date.now();
  const installed = { ...ready, plan: { ...plan, packages: [] } };
  const first = await up(installed, ui);
  results.push({ title: 'Local cloud', passed: 1, failed: 0, milliseconds: Date.now() - began });
  ui.heading('Killed, and made anew');
  results.push(await killedAndMadeAnew(installed, first, ui));
  ui.heading('End to end');
  results.push(...(await runEndToEnd(ui, instance, { GETSCHWIFTY_CLOUD: cloudFile(instance) })));
}

/** Not a step: it must run after Ctrl-C too, when no step starts any more. */
async function stop(ui: Ui, instance: Instance): Promise<Result> {
  const began = Date.now();
  const result = { title: 'Stopped, nothing left behind', milliseconds: 0 };
  ui.say('\nStopping the local cloud …');
  try {
    ui.say(`Logs are kept in ${keepLogs(instance)}`);
    const removed = await down(instance);
    ui.say(`Removed: ${removed.join(', ')}`);
    return { ...result, passed: 1, failed: 0, milliseconds: Date.now() - began };
  } catch (error) {
    ui.failure(error);
    return { ...result, passed: 0, failed: 1, milliseconds: Date.now() - began };
  }
}

/** Of the last run only; the instance's own folder goes with it. */
function keepLogs({ root, logs }: Instance): string {
  const kept = join(root, '.state/test');
  rmSync(kept, { recursive: true, force: true });
  if (existsSync(logs)) cpSync(logs, kept, { recursive: true, filter: (path) => !path.includes('cdk.out') });
  return kept;
}
