/** `npm run local:down`: stops the demo's local cloud and says what it removed; `-- --purge` empties the cache too. */
import { existsSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { down } from '#local/cloud.ts';
import { command } from '#local/setup/command.ts';
import { recordedInstance } from '#local/setup/ports.ts';

const { values } = parseArgs({
  options: { purge: { type: 'boolean', default: false }, test: { type: 'boolean', default: false } },
});

await command(async (ui) => {
  if (process.geteuid?.() !== 0)
    throw new Error('This is not root: run the command again with sudo, or as root.');
  const instance = recordedInstance(values.test ? 'test' : 'demo');
  const removed = await ui.step(
    { title: `Stop the local cloud '${instance.name}' (${instance.id})`, advice: 'run it again' },
    async () => down(instance),
  );
  if (values.purge && existsSync(instance.cache)) {
    rmSync(instance.cache, { recursive: true });
    removed.push(instance.cache);
  }
  ui.say(
    removed.length === 0
      ? 'Nothing was there.'
      : `Removed:\n${removed.map((name) => `  ${name}`).join('\n')}`,
  );
  return 0;
});
