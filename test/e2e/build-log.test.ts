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

const key = keyOf('checkout', `log-${Date.now().toString(36)}`);
const id = environmentId(key);
const records = new BuildRecordItems(output('TableName'), new DynamoDBClient(access.sdk));
/** BuildKit's limit of a step, and what the rest of a build prints. */
const mostBytes = 2 * 1024 * 1024 + 256 * 1024;

test('a build that prints a gigabyte ends, and its log is read to its end while it runs', async () => {
  const spec = Spec.parse({ base: 'debian-12', command: ['sleep', '1'] });
  const asked = mustChange(
    request({ key, cluster: 'main', requester: 'alice', spec }, new Date().toISOString()),
  );
  await table.write({ ...asked, events: [] });
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

  // By the build stage, under its own role.
  const kept = await until('its steps to be kept', 60, () => records.read(key, 1));
  expect(kept.steps.map(({ name }) => name).join()).toContain('RUN echo next');
  const told = await client.build(id, 1);
  expect(told).toMatchObject({ number: 1, steps: kept.steps });
  expect(told.steps.find(({ name }) => name.includes('spam'))?.seconds).toBeGreaterThan(0);
});
