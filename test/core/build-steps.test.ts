/** What a build took, step by step, read from the words of BuildKit and of buildah. */
import { expect, test } from 'vitest';
import { MemoryBuildLogs } from '#adapters/memory/build-logs.ts';
import { linesOfAPage } from '#core/build-log.ts';
import { BuildSteps, pagesRead, readSteps } from '#core/build-steps.ts';
import { addSeconds } from '#core/names.ts';
import { start, web } from '../contracts/samples.ts';

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

test('CodeBuild says when a phase ended, with the day and the time before its words', () => {
  const steps = stepsOf([
    [0, 'STEP 1/1: FROM scratch'],
    [2, '[Container] 2026/11/29 12:40:34.123456 Phase complete: BUILD State: SUCCEEDED'],
  ]);
  expect(steps).toEqual([{ name: 'STEP 1/1: FROM scratch', seconds: 2, how: 'done' }]);
});

test('the next command of buildx numbers its steps anew', () => {
  const steps = stepsOf([
    [0, '#0 building with "quirky" instance using docker-container driver'],
    [0, '#1 [1/1] FROM debian'],
    [1, '#1 DONE 0.9s'],
    [2, '#0 building with "quirky" instance using docker-container driver'],
    [2, '#1 [internal] load build definition from Dockerfile'],
    [3, '#1 DONE 0.1s'],
  ]);
  expect(steps).toEqual([
    { name: '[1/1] FROM debian', seconds: 0.9, how: 'done' },
    { name: '[internal] load build definition from Dockerfile', seconds: 0.1, how: 'done' },
  ]);
});

test('a name is without what only the cache reads, and no longer than anybody reads', () => {
  const run = `RUN --mount=type=cache,id=x,target=/var/cache SECURITY_EPOCH=2026-11-19 ${'x'.repeat(500)}`;
  const [step] = stepsOf([[0, `#1 [pip 1/1] ${run}`]]);
  expect(step?.name).toMatch(/^\[pip 1\/1\] RUN SECURITY_EPOCH=2026-11-19 x+…$/);
  expect(step?.name).toHaveLength(161);
});

test('a log that makes up steps without end is read in bounded memory', () => {
  const steps = new BuildSteps();
  for (let i = 1; i <= 2000; i++) steps.add({ at: addSeconds(start, i), text: `STEP ${i}/2000: RUN true` });
  expect(steps.steps).toHaveLength(200);
  expect(steps.left).toBe(1800);
});

const read = async (texts: readonly string[]) => {
  const logs = new MemoryBuildLogs();
  if (texts.length > 0) logs.write(web, 3, ...texts.map((text) => ({ at: start, text })));
  return readSteps(logs, { key: web, number: 3 }, start);
};

test('steps are read from all pages; the record is whole where each of them has its end', async () => {
  const padding = Array.from({ length: linesOfAPage }, () => 'words');
  const first = ['#1 [1/1] FROM debian', ...padding];
  const name = '[1/1] FROM debian';
  expect(await read([...first, '#1 DONE 2.0s'])).toEqual({
    ...{ number: 3, readAt: start, left: 0, isWhole: true },
    steps: [{ name, seconds: 2, how: 'done' }],
  });
  expect(await read(first)).toMatchObject({ isWhole: false, steps: [{ name, how: 'not ended' }] });
  expect(await read(['nothing of a step'])).toMatchObject({ isWhole: false, steps: [] });
  expect(await read([])).toBeUndefined();
});

test('of a log without end some pages are read', async () => {
  const lines = Array.from({ length: pagesRead * linesOfAPage }, () => 'words');
  const last = '#1 [1/1] FROM debian';
  expect(await read([...lines.slice(1), last, '#1 DONE 1.0s'])).toMatchObject({ isWhole: false });
  expect(await read([...lines.slice(2), last, '#1 DONE 1.0s'])).toMatchObject({ steps: [{ how: 'done' }] });
});
