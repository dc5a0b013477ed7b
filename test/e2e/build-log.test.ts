/** What a build prints reaches whoever may see the environment while it runs, and a gigabyte of it is bounded. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { BuildRecordItems } from '#adapters/aws/build-records.ts';
import { request } from '#core/build.ts';
import { environmentId } from '#core/names.ts';
import { Spec } from '#core/spec.ts';
import { signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { linesOf } from '../../cli/build-log.ts';
import { keyOf, mustChange } from '../contracts/samples.ts';
import { access, output } from './cloud.ts';
import { table } from './plays.ts';
import { build, builder } from './strangers-build.ts';

const run = Date.now().toString(36);
const records = new BuildRecordItems(output('TableName'), new DynamoDBClient(access.sdk));
/** BuildKit's limit of a step, and what the rest of a build prints. */
const mostBytes = 2 * 1024 * 1024 + 256 * 1024;

/** Asked for, with nobody told: the build is the test's own. */
async function environment(name: string) {
  const key = keyOf('checkout', `${name}-${run}`);
  const spec = Spec.parse({ base: 'debian-12', command: ['sleep', '1'] });
  const now = new Date().toISOString();
  const asked = mustChange(request({ key, cluster: 'main', requester: 'alice', spec }, now));
  await table.write({ ...asked, events: [] });
  return { key, id: environmentId(key) };
}

test('what the steps of a build took is kept, by the build stage under its own role', async () => {
  const { key, id } = await environment('steps');
  await build(key, ['RUN sleep 2', 'RUN echo next']);
  const kept = await until('its steps to be kept', 120, async () => {
    const record = await records.read(key, 1);
    return record?.isWhole ? record : undefined;
  });
  const took = (word: string) => kept.steps.find(({ name }) => name.includes(word));
  expect(took('RUN sleep 2')?.seconds).toBeGreaterThanOrEqual(2);
  expect(took('RUN echo next')).toMatchObject({ how: 'done' });
  const { client } = await signIn(access, 'alice');
  expect(await client.build(id, 1)).toMatchObject({ number: 1, left: 0, steps: kept.steps });
});

test('a build that prints a gigabyte ends, and its log is read to its end while it runs', async () => {
  const { key, id } = await environment('log');
  const print = 'RUN echo before; yes spam | head -c 1000000000; echo after';
  const buildId = await build(key, [print, 'RUN echo next']);

  const { client } = await signIn(access, 'alice');
  const texts: string[] = [];
  let sawItRun = false;
  for await (const { text } of linesOf(client, { id, number: 1, follow: true })) {
    if (texts.length === 0) sawItRun = !(await builder.status(buildId)).ended;
    texts.push(text);
    if (text.startsWith('[Container] Build ')) break;
  }
  expect(sawItRun).toBe(true);
  expect(texts.at(-1)).toBe('[Container] Build SUCCEEDED');
  expect(texts).toEqual(expect.arrayContaining(['before', 'next']));
  expect(texts.filter((text) => text.startsWith('[output clipped'))).toHaveLength(1);
  expect(texts.reduce((sum, text) => sum + text.length + 1, 0)).toBeLessThan(mostBytes);
  expect(await builder.status(buildId)).toEqual({ ended: true });

  // Of so many lines the first are read for steps.
  const told = await client.build(id, 1);
  expect(told.steps.at(-1)?.name).toContain('RUN echo before');
});
