import { expect, test } from 'vitest';
import { buildNotStarted } from '#core/build.ts';
import { Retryable } from '#core/errors.ts';
import { askedJob } from '#core/jobs/job.ts';
import { jobChange } from '#core/jobs/job-change.ts';
import { JobRequest } from '#core/jobs/request.ts';
import { keyOf, requested, web } from '../contracts/samples.ts';
import { jobKey } from '../core/jobs/samples.ts';
import { awaitingApproval, building, deploying, image, promoting, scanning } from './ways.ts';
import { look, World } from './world.ts';

const stages = (world: World) => world.looks.sent.map(({ stage }) => stage);

test.each([
  ['building', building, 120, ['build']],
  ['scanning', scanning, 60, ['gate']],
  ['promoting', promoting, 120, ['promote']],
  ['deploying', deploying, 120, ['deploy']],
])('%s: its stage is asked to look when it is due, not before', async (_, way, seconds, expected) => {
  const world = await way();
  world.clock.advance(seconds - 1);
  await world.reconcile();
  expect(stages(world)).toEqual([]);
  world.clock.advance(1);
  await world.reconcile();
  expect(stages(world)).toEqual(expected);
  expect(world.looks.sent[0]).toMatchObject({ cluster: 'main', look: look(), delaySeconds: 0 });
});

test('what waits for a person is judged again every ten minutes: a policy or a waiver may have changed', async () => {
  const world = await awaitingApproval();
  world.clock.advance(599);
  await world.reconcile();
  expect(stages(world)).toEqual([]);
  world.clock.advance(1);
  await world.reconcile();
  expect(stages(world)).toEqual(['gate']);
});

test('what waits for nothing is left alone', async () => {
  const world = await building();
  await world.decide((environment, now) => buildNotStarted(environment, 'the base is gone', now));
  world.clock.advance(24 * 3600);
  await world.reconcile();
  expect(stages(world)).toEqual([]);
});

test('a data job is looked at when it is due, and not when it has ended', async () => {
  const world = new World();
  const at = world.clock.now();
  const request = JobRequest.parse({ dataset: 's3://jobs/datasets/checkout/a', command: ['cat'] });
  const asked = askedJob({ ...jobKey(), requester: 'rita', at, cluster: 'main', request });
  const due = jobChange(undefined, asked, { at, actor: 'rita', lookAfterSeconds: 60 });
  await world.jobs.write(due);
  await world.reconcile();
  expect(stages(world)).toEqual([]);
  world.clock.advance(60);
  await world.reconcile();
  const look = { kind: 'look', environment: jobKey() };
  expect(world.looks.sent).toMatchObject([{ stage: 'jobs', cluster: 'main', look, delaySeconds: 0 }]);
  await world.jobs.write(jobChange(due.job, due.job, { at, actor: 'jobs', lookAfterSeconds: undefined }));
  await world.reconcile();
  expect(world.looks.sent).toHaveLength(1);
});

test('an item that can not be read is told of, and the others are looked at', async () => {
  const world = await building();
  const shop = keyOf('checkout', 'shop');
  await world.store.write(requested({ key: shop }, world.clock.now()));
  world.store.tamper(web, { candidate: { phase: 'of another version' } });
  world.clock.advance(120);
  await expect(world.reconcile()).rejects.toThrow(
    /^Reconcile could not do everything: ENV#checkout\/web can't be read: candidate/,
  );
  expect(world.looks.sent.map(({ look }) => look.environment)).toEqual([shop]);
});

test('a release and a newer candidate beside it are both looked at', async () => {
  const world = await deploying();
  const environment = await world.environment();
  await world.store.write({
    outcome: 'changed',
    environment: {
      ...environment,
      candidate: {
        phase: 'scanning',
        image: { digest: image, pushedAt: world.clock.now(), tags: [] },
        since: world.clock.now(),
        lookAt: world.clock.now(),
      },
      version: environment.version + 1,
    },
    at: world.clock.now(),
    events: [],
    looks: [],
  });
  world.clock.advance(600);
  await world.reconcile();
  expect(stages(world)).toEqual(['gate', 'deploy']);
});

test('what was written a minute ago and never told is told; what is younger is left to the stream', async () => {
  const world = new World();
  await world.store.write(requested());
  world.clock.advance(59);
  await world.reconcile();
  expect(world.bus.told).toEqual([]);
  world.clock.advance(1);
  await world.reconcile();
  await world.reconcile();
  expect(world.bus.told.map(({ type }) => type)).toEqual(['EnvironmentRequested']);
});

test('one failure does not stop the others, and all failures are told', async () => {
  const world = await building();
  const shop = keyOf('checkout', 'shop');
  await world.store.write(requested({ key: shop }, world.clock.now()));
  world.clock.advance(120);
  world.looks.before = ({ look }) => {
    if (look.environment.name === web.name) throw new Error('no route to the queue');
  };
  await expect(world.reconcile()).rejects.toThrow(
    new Retryable('Reconcile could not do everything: Error: no route to the queue'),
  );
  expect(world.looks.sent.map(({ look }) => look.environment)).toEqual([shop]);
  expect(world.bus.told).toHaveLength(1);

  world.bus.refuse = () => 'ThrottlingException: slow down';
  await world.store.write(requested({ key: keyOf('checkout', 'third') }, world.clock.now()));
  world.clock.advance(60);
  await expect(world.reconcile()).rejects.toThrow(/no route to the queue; ThrottlingException: slow down/);
});

test('run twice at once: looks are doubled, nothing else is', async () => {
  const world = await scanning();
  world.clock.advance(60);
  await Promise.all([world.reconcile(), world.reconcile()]);
  const { version } = await world.environment();
  for (const sent of world.looks.sent) await world.deliver('gate', sent.look);
  expect((await world.environment()).version).toBe(version + 1);
});
