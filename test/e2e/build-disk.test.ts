/** A build that fills the disk ends with that reason, and gives back what it took. */
import { statfs } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { until } from '#local/demo/world.ts';
import { keyOf } from '../contracts/samples.ts';
import { cloud } from './cloud.ts';
import { build, builder } from './strangers-build.ts';

const gib = 1024 ** 3;
const freeGib = async () => {
  const { bavail, bsize } = await statfs(cloud.state);
  return (bavail * bsize) / gib;
};
/** Slowly enough to be seen in time on a small disk too, and never more than was not its to take. */
const fill = 'RUN for i in $(seq 34); do fallocate -l 1G /big$i; sleep 0.3; done; sleep 120';

test('it is ended before the machine has no room left', async () => {
  const before = await freeGib();
  const id = await build(keyOf('checkout', `disk-${Date.now().toString(36)}`), [fill]);
  const ended = await until('the end of the build', 300, async () => {
    const status = await builder.status(id);
    return status.ended ? status : undefined;
  });
  expect(ended.failure).toMatch(
    /^FAILED in BUILD: BUILD: (it filled the disk|this machine's disk is full): \d/,
  );
  // Others write meanwhile.
  expect(await freeGib()).toBeGreaterThan(before - 8);
});
