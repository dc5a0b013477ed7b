/**
 * Part of `npm test`: an emulator that is killed loses its state, and the next start says so and makes all of it anew.
 * What runs end to end afterwards runs on the cloud that was made anew.
 */
import { killEmulator } from '#local/aws/emulator.ts';
import { killedNote, type Up, up } from '#local/cloud.ts';
import type { Result } from '#local/setup/checks.ts';
import type { Ready } from '#local/setup/ready.ts';
import { capture } from '#local/setup/run.ts';
import type { Ui } from '#local/ui/ui.ts';

/** On the node, of the cloud that is to go: nobody makes it again. */
const leftover = 'of-the-cloud-before';

/** The cloud that is up is gone afterwards, and another one is there. */
export async function killedAndMadeAnew(ready: Ready, { cloud }: Up, ui: Ui): Promise<Result> {
  const began = Date.now();
  const { kubectl, kubeconfig } = cloud.kubernetes;
  const ask = (...args: string[]): Promise<string> => capture(kubectl, ['--kubeconfig', kubeconfig, ...args]);
  await ask('create', 'namespace', leftover);
  await killEmulator(ready.instance);
  ui.say('\nKilled the AWS emulator: its state is lost, and the next start has to say so.');
  const { times } = await up(ready, ui);
  const said = times.find(({ title }) => title === 'Start AWS')?.note;
  const left = await ask('get', 'namespace', leftover, '--ignore-not-found', '--output', 'name');
  const wrong = [
    ...(said === killedNote ? [] : [`the start said "${said}", not "${killedNote}"`]),
    ...(left === '' ? [] : [`${left.trim()} of the cloud that was killed is on the node still`]),
  ];
  for (const line of wrong) ui.failure(new Error(line));
  const failed = wrong.length === 0 ? 0 : 1;
  return {
    title: 'Killed, and made anew',
    passed: 1 - failed,
    failed,
    milliseconds: Date.now() - began,
  };
}
