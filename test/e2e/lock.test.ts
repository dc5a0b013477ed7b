/** What a build resolved is kept, and what is built of the same again is built of that: by a real registry, pip, npm and their indexes. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { expect, test } from 'vitest';
import { CloudWatchBuildLogs } from '#adapters/aws/build-logs.ts';
import { buildContext } from '#core/context.ts';
import { lockPrefix, repositoryOf } from '#core/image.ts';
import { lockedFile } from '#core/lock.ts';
import { Spec } from '#core/spec.ts';
import { until } from '#local/demo/world.ts';
import { buildOptions } from '../contracts/build-options.ts';
import { keyOf } from '../contracts/samples.ts';
import { access } from './cloud.ts';
import { makeRepositories } from './plays.ts';
import { builder } from './strangers-build.ts';

const key = keyOf('checkout', `lock-${Date.now().toString(36)}`);
/** As they are installed (core/parts.ts), each with what came out since. */
const parts = [['six', 'idna', 'zipp', 'attrs'], ['toolz', 'tomli', 'pytz', 'colorama'], ['certifi']];
const spec = Spec.parse({
  base: 'debian-12',
  packages: { pip: parts.flat().map((name) => ({ name })), npm: [{ name: 'debug' }] },
  command: ['sleep', '1'],
});
const { logGroup } = await buildOptions(access);
const logs = new CloudWatchBuildLogs(logGroup, () => new CloudWatchLogsClient(access.sdk));
const lock = `${lockPrefix}${'0'.repeat(32)}`;
/** A line of its own: the command that prints it is printed too. */
const tookIt = /^Built of what is locked in \S+@sha256:[0-9a-f]{64}$/m;
/** What pip installed, part by part; its own is no part. */
const byPip = (text: string): string[] =>
  [...ofImage(text).matchAll(/Successfully installed (?!pip-)(.+)$/gm)].map(([, packages = '']) => packages);
/** npm tells no version: the instruction does. */
const installed = (text: string) => /Installed (debug@[0-9]\S+)$/m.exec(text)?.[1];
/** What made the image. To keep the lock a machine may use a layer of another environment that resolved the same. */
function ofImage(text: string): string {
  const [image, ...rest] = text.split('then KEPT=');
  expect(rest).toHaveLength(1);
  return image ?? '';
}
let number = 0;

/** @returns what it printed. */
async function built(tooYoungFrom: string, withoutCache = false): Promise<string> {
  number += 1;
  const baseImage = await builder.resolveBase({ repository: 'base/debian', tag: 'bookworm' });
  if (baseImage === undefined) throw new Error('the local cloud has no base');
  const made = { spec, baseImage, takes: ['apt', 'pip', 'npm'] as const, key, fixes: [] };
  const making = buildContext({ from: 'base', ...made, epoch: '2026-11-26', tooYoungFrom });
  // As the build stage does it.
  const place = { repository: repositoryOf('cache', key), tag: lock };
  const locked = withoutCache ? undefined : await builder.resolveBase(place);
  const context = { ...making, ...(locked && { [lockedFile]: `${locked}\n` }) };
  const id = await builder.start({ key, number, context, withoutCache, lock });
  const ended = await until('the end of the build', 300, async () => {
    const status = await builder.status(id);
    return status.ended ? status : undefined;
  });
  const text = await printed();
  expect(ended, text).toEqual({ ended: true });
  return text;
}

async function printed(): Promise<string> {
  const texts: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await logs.read({ key, number, cursor });
    texts.push(...(page?.lines ?? []).map(({ text }) => text));
    if (!page?.more) return texts.join('\n');
    cursor = page.cursor;
  }
}

test('a build of the same takes what the one before resolved, until it is built without the cache', async () => {
  await makeRepositories(key);
  // six 1.17.0, debug 4.4.0 and certifi 2024.12.14 are of December 2024.
  const first = await built('2024-11-01');
  expect(first).not.toMatch(tookIt);
  expect(byPip(first).map((packages) => packages.replaceAll(/-[0-9]\S*/g, '').split(' '))).toEqual(
    parts.map((names) => names.toSorted()),
  );
  expect(byPip(first)).toEqual([
    expect.stringContaining('six-1.16.0'),
    expect.any(String),
    'certifi-2024.8.30',
  ]);
  expect(installed(first)).toMatch(/^debug@4\./);
  // Another instruction, so that no cache has it.
  const second = await built('2026-11-01');
  expect(second).toMatch(tookIt);
  expect(ofImage(second), 'what is before that instruction').toContain('--> Using cache');
  expect(byPip(second)).toEqual(byPip(first));
  expect(installed(second)).toBe(installed(first));
  const third = await built('2026-11-02', true);
  expect(third).not.toMatch(tookIt);
  expect(ofImage(third)).not.toContain('--> Using cache');
  expect(byPip(third)[0]).toContain('six-1.17.0');
  expect(byPip(third)[2]).not.toBe('certifi-2024.8.30');
  expect(installed(third)).not.toBe(installed(first));
  const fourth = await built('2026-11-03');
  expect(byPip(fourth)).toEqual(byPip(third));
  expect(installed(fourth)).toBe(installed(third));
});
