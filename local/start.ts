/** `npm start`: sets the local cloud up, shows the whole story on it, and leaves it running. */
import { parseArgs } from 'node:util';
import { up } from '#local/cloud.ts';
import { demo } from '#local/demo/demo.ts';
import { type Cloud, cloudFile } from '#local/setup/cloud-file.ts';
import { command } from '#local/setup/command.ts';
import { makeReady } from '#local/setup/ready.ts';
import type { StepTime } from '#local/ui/board.ts';
import { duration } from '#local/ui/format.ts';
import type { Ui } from '#local/ui/ui.ts';

const { values } = parseArgs({
  options: { yes: { type: 'boolean', short: 'y', default: false }, demo: { type: 'boolean', default: true } },
  allowNegative: true,
});

await command(async (ui) => {
  const began = Date.now();
  const ready = await makeReady(ui, 'demo', values.yes);
  if (ready === undefined) return 1;
  const { cloud, times } = await up(ready, ui);
  const story = values.demo ? await demo(cloud, ui) : [];
  finish(ui, cloud, [...times, ...story], Date.now() - began);
  return 0;
});

function finish(ui: Ui, cloud: Cloud, times: readonly StepTime[], total: number): void {
  const { kubectl, kubeconfig } = cloud.kubernetes;
  ui.heading('Time per step');
  ui.table(
    ['step', 'time', ''],
    [...times, { title: 'All', milliseconds: total, note: 'several steps at once' }].map(
      ({ title, milliseconds, note }) => [title, duration(milliseconds), note],
    ),
  );
  ui.heading('The local cloud is up');
  ui.table(
    ['what', 'where'],
    [
      ['AWS', cloud.aws],
      ['pager', `${cloud.services}/pager`],
      ['DNS', `dig @${cloud.dns.host} -p ${cloud.dns.port} NAME`],
      ['Kubernetes', `${kubectl} --kubeconfig ${kubeconfig} get pods -A`],
      ['logs', cloud.logs],
      ['all addresses', cloudFile(cloud)],
    ],
  );
  ui.heading('What to try next');
  ui.say(
    [
      'eval "$(npm run -s local:login -- bob)"   this shell is bob (or alice)',
      'npm run schwifty -- status checkout/web where it stands, and how it came there',
      'npm start                               again: what runs is kept, the rest repaired',
      'npm run check                           types, lint, tests: no cloud needed',
      'npm run local:down                      stops it and leaves nothing behind',
    ].join('\n'),
  );
}
