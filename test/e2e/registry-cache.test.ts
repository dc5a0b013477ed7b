/** On CodeBuild each build has a machine of its own, without layers: what it does not make again comes from the environment's cache. */
import { expect, test } from 'vitest';
import { buildTag, repositoryOf } from '#core/image.ts';
import type { EnvironmentKey } from '#core/names.ts';
import { until } from '#local/demo/world.ts';
import { keyOf } from '../contracts/samples.ts';
import { cloud } from './cloud.ts';
import { layersOf } from './layers.ts';
import { makeRepositories } from './plays.ts';
import { builder, contextOf } from './strangers-build.ts';

const run = Date.now().toString(36);
/** Made twice, it is not the same. */
const chance = 'RUN head -c 64 /dev/urandom > /chance';

async function newMachine(): Promise<void> {
  const answer = await fetch(`${cloud.services}/build/machine`, { method: 'POST' });
  expect(answer.status).toBe(204);
}

/** @returns the layers of its image, those of its base first. */
async function built(key: EnvironmentKey, number: number, instructions: readonly string[]) {
  await newMachine();
  const id = await builder.start({ key, number, context: await contextOf('cached', instructions) });
  const status = await until('the end of the build', 300, async () => {
    const found = await builder.status(id);
    return found.ended ? found : undefined;
  });
  expect(status).toEqual({ ended: true });
  return layersOf(`${repositoryOf('candidate', key)}`, buildTag(number));
}

test('on a machine without layers, what the build before made is taken from its cache, and only from its own', async () => {
  const [key, other] = [keyOf('checkout', `cache-${run}`), keyOf('checkout', `uncached-${run}`)];
  await Promise.all([makeRepositories(key), makeRepositories(other)]);
  const first = await built(key, 1, [chance]);
  const again = await built(key, 2, [chance, 'RUN echo more > /more']);
  expect(again.slice(0, first.length)).toEqual(first);
  expect(again).toHaveLength(first.length + 1);
  // Without that cache it would have been made again.
  const elsewhere = await built(other, 1, [chance]);
  expect(elsewhere.slice(0, -1)).toEqual(first.slice(0, -1));
  expect(elsewhere.at(-1)).not.toBe(first.at(-1));
});
