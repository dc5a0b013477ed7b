/** The story of an environment by the API: in order, page by page, for the team and for operators. */
import { expect, test } from 'vitest';
import { TraceAnswer } from '#api/answers.ts';
import { buildStarted } from '#core/build.ts';
import { change } from '#core/decision.ts';
import { complete, digestOf, spec } from '../contracts/samples.ts';
import { image, ready } from '../lambdas/ways.ts';
import { anna, candidate, olga, pushEvent, rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const path = '/environments/checkout/web/trace';
async function traced(world: World, query = '', person = rita) {
  const answer = await call(world, person, 'GET', `${path}${query}`);
  expect(answer.status).toBe(200);
  return TraceAnswer.parse(await answer.json());
}
const asked = async () => {
  const world = new World();
  await call(world, rita, 'POST', '/environments', { team: 'checkout', name: 'web', spec });
  return world;
};

test('a request is the beginning of a story, and what it causes goes on under its id', async () => {
  const world = await asked();
  await world.pass(1);
  world.pushBuild(image);
  world.registry.setScan(candidate, image, complete(world.clock.now()));
  await world.pass(1);
  const answer = await call(world, anna, 'POST', '/environments/checkout/web/approvals', { digest: image });
  expect(answer.status).toBe(201);
  await world.pass(1);
  const { steps, next } = await traced(world);
  expect(next).toBeUndefined();
  const lines = steps.map((step) =>
    step.kind === 'change'
      ? `${step.version} ${step.actor}`
      : `${step.version}.${step.position} ${step.event.type}`,
  );
  expect(lines).toEqual([
    '1 rita',
    '1.0 EnvironmentRequested',
    '2 build',
    '3 gate',
    '3.0 ImagePassed',
    '4 anna',
    '4.0 ImageApproved',
    '5 promote',
    '5.0 ImagePromoted',
  ]);
  expect(new Set(steps.map(({ story }) => story))).toEqual(new Set(['request-1']));
  for (const step of steps) {
    expect(step.kind === 'change' ? step.cause : step.event.cause).toMatch(/^(request|m)-\d+$/);
    if (step.kind === 'event') expect(step.sentAt).toBeDefined();
  }
  expect(steps[3]).toMatchObject({ verdict: { digest: image, result: 'pass', blocking: 0 } });
});

test('one story alone: a push by hand has its own', async () => {
  const world = await ready();
  const other = digestOf('other');
  world.clock.advance(60);
  world.registry.push(candidate, other, 'by-hand');
  world.emit(pushEvent(candidate, other, 'by-hand'));
  await world.pass(1);
  const all = await traced(world);
  const story = all.steps.at(-1)?.story ?? '';
  expect(story).toMatch(/^push\//);
  const own = await traced(world, `?story=${encodeURIComponent(story)}`);
  expect(own.steps).toEqual(all.steps.filter((step) => step.story === story));
  expect(own.steps.length).toBeGreaterThan(0);
});

test('a long story comes in pages that leave nothing out', async () => {
  const world = await asked();
  await world.decide((environment, now) =>
    buildStarted(environment, { number: 1, id: 'id', content: 'c-1' }, now),
  );
  for (let i = 0; i < 230; i++)
    await world.decide((environment, now) =>
      change(environment, {}, { at: now, actor: 'build', what: `turn ${i}` }),
    );
  const pages = [];
  let query = '';
  for (;;) {
    const page = await traced(world, query);
    pages.push(page.steps);
    if (page.next === undefined) break;
    query = `?cursor=${page.next}`;
  }
  expect(pages.length).toBe(3);
  const versions = pages.flat().flatMap((step) => (step.kind === 'change' ? [step.version] : []));
  expect(versions).toEqual(Array.from({ length: 232 }, (_, i) => i + 1));
});

test('members, approvers and operators may, others may not; what is not there is not found', async () => {
  const world = await asked();
  for (const person of [rita, anna, olga]) expect((await traced(world, '', person)).steps).toHaveLength(2);
  const stranger = { name: 'sven', groups: ['other-members'] };
  expect(await refused(world, stranger, 'GET', path)).toMatchObject({ status: 403 });
  expect(await refused(world, olga, 'GET', '/environments/checkout/shop/trace')).toMatchObject({
    status: 404,
  });
  expect(await refused(world, rita, 'GET', `${path}?cursor=first`)).toMatchObject({
    status: 422,
    fields: [{ path: 'cursor' }],
  });
  expect(await refused(world, rita, 'GET', `${path}?page=2`)).toMatchObject({ status: 422 });
});
