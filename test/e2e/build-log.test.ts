/** What a build prints reaches whoever may see the environment while it runs, and a gigabyte of it is bounded. */
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { ECRClient } from '@aws-sdk/client-ecr';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { CodeBuilder } from '#adapters/aws/builder.ts';
import { request } from '#core/build.ts';
import { environmentId } from '#core/names.ts';
import { Spec } from '#core/spec.ts';
import { signIn } from '#local/demo/people.ts';
import { registryHost } from '#local/setup/cloud-file.ts';
import { linesOf } from '../../cli/build-log.ts';
import { buildOptions } from '../contracts/build-options.ts';
import { keyOf, mustChange } from '../contracts/samples.ts';
import { access } from './cloud.ts';
import { makeRepositories, table } from './plays.ts';

const key = keyOf('checkout', `log-${Date.now().toString(36)}`);
const id = environmentId(key);
/** BuildKit's limit of a step, and what the rest of a build prints. */
const mostBytes = 2 * 1024 * 1024 + 256 * 1024;

test('a build that prints a gigabyte ends, and its log is read to its end while it runs', async () => {
  const builder = new CodeBuilder(
    { ...(await buildOptions(access)), registry: registryHost },
    {
      builds: new CodeBuildClient(access.sdk),
      registry: new ECRClient(access.sdk),
      files: new S3Client({ ...access.sdk, forcePathStyle: true }),
    },
  );
  const baseImage = await builder.resolveBase({ repository: 'base/debian', tag: 'bookworm' });
  await makeRepositories(key);
  const spec = Spec.parse({ base: 'debian-12', command: ['sleep', '1'] });
  const asked = mustChange(
    request({ key, cluster: 'main', requester: 'alice', spec }, new Date().toISOString()),
  );
  await table.write({ ...asked, events: [] });
  // Its own: a layer that was built before prints nothing.
  const Dockerfile = `FROM ${baseImage}\nENV BUILD=${id}\nRUN echo before; yes spam | head -c 1000000000; echo after\nRUN echo next\n`;
  const buildId = await builder.start({ key, number: 1, context: { Dockerfile } });

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
});
