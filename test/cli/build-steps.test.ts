/** What a build took, step by step, read from the words of BuildKit and of buildah. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSeconds } from '#core/names.ts';
import { BuildSteps, tableOf } from '../../cli/build-steps.ts';
import { start } from '../contracts/samples.ts';
import { type Api, apiOnThisMachine, schwifty } from './program.ts';

/** Each line with the second at which it was printed. */
function stepsOf(lines: readonly (readonly [number, string])[]) {
  const steps = new BuildSteps();
  for (const [second, text] of lines) steps.add({ at: addSeconds(start, second), text });
  return steps.steps;
}

test('steps of BuildKit run beside one another; each says how it ended', () => {
  const steps = stepsOf([
    [0, '[Container] Running command docker buildx build'],
    [0, '#1 [internal] load build definition from Dockerfile'],
    [0, '#1 transferring dockerfile: 1.2kB done'],
    [0, '#1 DONE 0.1s'],
    [1, '#7 [base 1/1] FROM registry/base/debian@sha256:0123'],
    [1, '#8 [pip 1/1] RUN python3 -m venv'],
    [1, '#7 CACHED'],
    [1, '#7 DONE 0.4s'],
    [1, '#9 [npm 1/1] RUN npm install'],
    [3, '#8 1.345 Collecting flask'],
    [5, '#9 ERROR: process "/bin/sh -c npm install" did not complete successfully: exit code: 1'],
    [6, '#8 CANCELED'],
    [6, '#10 exporting to image'],
  ]);
  expect(steps).toEqual([
    { name: '[internal] load build definition from Dockerfile', seconds: 0.1, how: 'done' },
    { name: '[base 1/1] FROM registry/base/debian@sha256:0123', seconds: 0, how: 'cached' },
    { name: '[pip 1/1] RUN python3 -m venv', seconds: 5, how: 'failed' },
    { name: '[npm 1/1] RUN npm install', seconds: 4, how: 'failed' },
    { name: 'exporting to image', seconds: 0, how: 'not ended' },
  ]);
});

test('what a step prints is no step, and ends none', () => {
  const steps = stepsOf([
    [0, '#8 [pip 1/1] RUN pip install evil'],
    [1, '#8 0.100 #9 [npm 1/1] RUN nothing'],
    [1, '#8 0.200 DONE 0.0s'],
    [2, '#8 0.300 CACHED'],
    [9, '#8 DONE 9.2s'],
  ]);
  expect(steps).toEqual([{ name: '[pip 1/1] RUN pip install evil', seconds: 9.2, how: 'done' }]);
});

test('steps of buildah end where the next begins, or with their phase', () => {
  const steps = stepsOf([
    [0, '[1/2] STEP 1/2: FROM scratch AS one'],
    [1, '[1/2] STEP 2/2: COPY a /a'],
    [1, '--> Using cache 4f0c'],
    [1, '--> 4f0c'],
    [2, '[2/2] STEP 1/2: FROM scratch'],
    [2, '[2/2] STEP 2/2: RUN sleep 3'],
    [5, '[2/2] COMMIT localhost/x:1'],
    [7, '[Container] Phase complete: BUILD State: SUCCEEDED'],
  ]);
  expect(steps.map(({ seconds, how }) => [seconds, how])).toEqual([
    [1, 'done'],
    [1, 'cached'],
    [0, 'done'],
    [3, 'done'],
    [2, 'done'],
  ]);
});

test('the step in which a phase failed is the one that failed', () => {
  const steps = stepsOf([
    [0, 'STEP 1/2: FROM scratch'],
    [1, 'STEP 2/2: RUN false'],
    [4, '[Container] Phase complete: BUILD State: FAILED (BUILD: its commands ended with 1)'],
  ]);
  expect(steps.map(({ seconds, how }) => [seconds, how])).toEqual([
    [1, 'done'],
    [3, 'failed'],
  ]);
});

test('a log that makes up steps without end is read in bounded memory', () => {
  const lines = Array.from({ length: 2000 }, (_, i) => [i, `STEP ${i + 1}/2000: RUN true`] as const);
  expect(stepsOf(lines)).toHaveLength(500);
});

test('a line a step, without what only the cache reads, and no longer than a terminal', () => {
  const run = `[pip 1/1] RUN --mount=type=cache,id=x,target=/var/cache SECURITY_EPOCH=2026-11-19 ${'x'.repeat(200)}`;
  const lines = tableOf([
    { name: run, seconds: 12.34, how: 'done' },
    { name: '[base 1/1] FROM debian', seconds: 0, how: 'cached' },
  ]);
  expect(lines[0]).toMatch(/^ {3}12\.3 s {2}done {7}\[pip 1\/1\] RUN SECURITY_EPOCH=2026-11-19 x+…$/);
  expect(lines.slice(1)).toEqual([
    '    0.0 s  cached     [base 1/1] FROM debian',
    '2 steps, 1 of them from a cache',
  ]);
});

let api: Api;
beforeAll(async () => {
  api = await apiOnThisMachine();
});
afterAll(() => api.close());

test('the steps are read from all pages of the log, in place of it', async () => {
  const texts = ['STEP 1/2: FROM scratch', 'secret words of a step', 'STEP 2/2: RUN true', 'COMMIT x'];
  const lines = texts.map((text, second) => ({ at: addSeconds(start, second), text }));
  api.reply = (line) => {
    const isSecond = line.includes('cursor=');
    const page = isSecond ? lines.slice(2) : lines.slice(0, 2);
    return {
      status: 200,
      body: JSON.stringify({ lines: page, cursor: 'a.b', more: !isSecond, ended: isSecond }),
    };
  };
  const { out, err, code } = await schwifty(api, ['env', 'log', 'checkout/web', '--build', '3', '--steps']);
  expect({ err, code }).toEqual({ err: '', code: 0 });
  expect(out.split('\n')).toEqual([
    '    2.0 s  done       STEP 1/2: FROM scratch',
    '    1.0 s  done       STEP 2/2: RUN true',
    '    0.0 s  not ended  COMMIT x',
    '3 steps, 0 of them from a cache',
    '',
  ]);
});
