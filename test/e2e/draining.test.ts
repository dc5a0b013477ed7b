/** While pods are replaced, whoever asks is answered: none of many requests is refused, reset or lost. */
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, describe, expect, it } from 'vitest';
import { until } from '#local/demo/world.ts';
import { forget, Story, served } from './releases.ts';

/** It ends as soon as it is told to: what draining is for. */
const ending = `${served} & trap 'kill $!; exit' TERM; wait`;

afterAll(forget);

/** Each on a connection of its own, as of somebody who was not there before. @returns why it got no answer, if it got none. */
async function ask(host: string): Promise<string | undefined> {
  const asking = request({ host, agent: false, timeout: 5000 }).end();
  asking.on('timeout', () => asking.destroy(new Error('no answer in 5 s')));
  try {
    const [answer] = await once(asking, 'response');
    answer.resume();
    await once(answer, 'end');
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Asks without a pause, by several at once, until it is told to stop. */
function askers(host: string) {
  const failures: string[] = [];
  let [asked, stopped] = [0, false];
  const one = async () => {
    while (!stopped) {
      const failure = await ask(host);
      asked += 1;
      if (failure !== undefined) failures.push(`${new Date().toISOString()} ${failure}`);
    }
  };
  const all = Promise.all([one(), one(), one(), one()]);
  return {
    asked: () => asked,
    stop: async () => {
      stopped = true;
      await all;
      return failures;
    },
  };
}

describe('a rollout', () => {
  const story = new Story('drain', { readyWithinSeconds: 120 });

  it('lets no request be reset, while its pods are replaced one after the other', async () => {
    await story.begin();
    const first = await story.approved(await story.image(ending));
    await story.promote(first);
    const { release } = await story.reaches('ready', first.digest);
    if (release.phase !== 'ready') throw new Error('it is not Ready');
    await until('an answer', 30, async () => (await ask(release.address)) === undefined || undefined);

    const asking = askers(release.address);
    const before = await pods();
    const second = await story.approved(await story.image(`echo second; ${ending}`));
    await story.promote(second, first);
    await story.reaches('ready', second.digest);
    // Until the last of the old ones is gone: it is in its last moments that a connection could be reset.
    await until('the old pods to be gone', 90, async () => {
      const now = await pods();
      return before.every((pod) => !now.includes(pod)) || undefined;
    });
    const asked = asking.asked();
    await until('more requests', 30, async () => asking.asked() > asked + 50 || undefined);
    expect(await asking.stop()).toEqual([]);
    expect(asking.asked()).toBeGreaterThan(100);
  });

  const pods = async () =>
    (await story.kubectl('get', 'pods', '--output', 'jsonpath={..metadata.name}')).split(' ').filter(Boolean);
});
