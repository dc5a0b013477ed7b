/** `npm run local:down`: stops the demo's local cloud and says what it removed; `-- --purge` empties the cache too. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Instance } from '#local/instance.ts';
import { command } from '#local/setup/command.ts';
import { recordedInstance } from '#local/setup/ports.ts';
import { down } from '#local/take-down.ts';

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
  if (values.purge) {
    const others = otherInstances(instance);
    if (others.length > 0)
      throw new Error(
        `The cache is kept: ${others.join(', ')} may run from it. Stop those first, each from its own checkout.`,
      );
    if (existsSync(instance.cache)) {
      rmSync(instance.cache, { recursive: true });
      removed.push(instance.cache);
    }
  }
  ui.say(
    removed.length === 0
      ? 'Nothing was there.'
      : `Removed:\n${removed.map((name) => `  ${name}`).join('\n')}`,
  );
  return 0;
});

/** The folders of instances that are up, or were left, on this machine. */
function otherInstances({ state }: Instance): string[] {
  const all = dirname(state);
  return existsSync(all) ? readdirSync(all).map((id) => join(all, id)) : [];
}
