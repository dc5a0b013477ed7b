/** A build that hangs in what it runs is ended by its time: its reason is told, and no process and no mount of it is left. */
import { readdirSync, readFileSync } from 'node:fs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { expect, test } from 'vitest';
import { until } from '#local/demo/world.ts';
import { keyOf } from '../contracts/samples.ts';
import { access } from './cloud.ts';
import { build, builderBy } from './strangers-build.ts';

/** No other process sleeps for so long. */
const seconds = `9${Date.now()}`;
/** Enough for what comes before RUN, on a busy machine too. */
const minutes = 2;

/** As `ps` sees them from outside of the build's namespaces. */
const sleepers = (): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(seconds);
    } catch {
      return false;
    }
  });

test('it is killed with all that it started, and says how long it may take and where to look', async () => {
  const builds = new CodeBuildClient(access.sdk);
  builds.middlewareStack.add(
    (next) => (sent) =>
      next(
        'projectName' in sent.input
          ? { ...sent, input: { ...sent.input, timeoutInMinutesOverride: minutes } }
          : sent,
      ),
    { step: 'initialize' },
  );
  const by = await builderBy(builds);
  // One that ignores what it is asked, in a session of its own, and one that waits.
  const hang = `RUN setsid bash -c 'trap "" TERM HUP INT; sleep ${seconds}' & sleep ${seconds}`;
  const id = await build(keyOf('checkout', `hang-${Date.now().toString(36)}`), [hang], {}, by);
  await until('the build to hang', 300, async () => (sleepers().length >= 2 ? true : undefined));
  const ended = await until('the end of the build', 300, async () => {
    const status = await by.status(id);
    return status.ended ? status : undefined;
  });
  expect(ended.failure).toContain(
    `TIMED_OUT in BUILD: BUILD: its commands ended with SIGKILL. A build may take ${minutes} minutes: \`schwifty env log --steps\` shows the step that it was at.`,
  );
  expect(sleepers()).toEqual([]);
  const folder = id.replace(/[^\w.-]+/g, '-');
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder);
});
