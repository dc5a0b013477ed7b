/** Approvals by the API's statuses: who may, and what of. */
import { expect, test } from 'vitest';
import { judged } from '#core/candidate.ts';
import { Retryable } from '#core/errors.ts';
import { digestOf, finding, verdict, web } from '../contracts/samples.ts';
import { awaitingApproval, image, promoting, scanning } from '../lambdas/ways.ts';
import { anna, candidate, config, rita, scanEvent, World } from '../lambdas/world.ts';
import { answered, call, refused } from './calls.ts';

const approvals = '/environments/checkout/web/approvals';

test('404: an approval in an environment that nobody asked for', async () => {
  expect(await refused(new World(), anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 404,
  });
});

test('201: an approval is stored with its approver, and told', async () => {
  const world = await awaitingApproval();
  expect(await answered(world, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 201,
    phase: 'promoting',
    environment: { candidate: { approval: { approver: 'anna', policyVersion: '1', waivers: [] } } },
  });
  expect(world.store.approvals).toEqual([
    { environment: web, digest: image, approver: 'anna', at: world.clock.now() },
  ]);
});

test('403: one may not approve, and one may not approve what one asked for', async () => {
  const world = await awaitingApproval();
  expect(await refused(world, rita, 'POST', approvals, { digest: image })).toMatchObject({
    status: 403,
    title: 'Not allowed',
    detail: 'rita may not approve images of team checkout: that is for checkout-approvers.',
  });
  const both = { ...rita, groups: anna.groups };
  expect(await refused(world, both, 'POST', approvals, { digest: image })).toMatchObject({
    status: 403,
    title: 'Your own request',
  });
  expect(world.store.approvals).toEqual([]);
});

test('201: the requester approves where the team lets them', async () => {
  const teams = config.teams.map((team) => ({ ...team, requesterMayApprove: true }));
  const world = await awaitingApproval(new World({ teams }));
  const both = { ...rita, groups: anna.groups };
  expect((await call(world, both, 'POST', approvals, { digest: image })).status).toBe(201);
});

test('409: approved twice, and by two at once', async () => {
  const world = await awaitingApproval();
  const answers = await Promise.all([
    call(world, anna, 'POST', approvals, { digest: image }),
    call(world, { ...anna, name: 'alex' }, 'POST', approvals, { digest: image }),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 412]);
  expect(world.store.approvals).toHaveLength(1);
  expect(await refused(await promoting(), anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    title: 'Approved already',
    detail: expect.stringMatching(/^anna approved sha256:[0-9a-f]{12} at 20/),
  });
});

test('409: the verdict turned, whether the environment knows it yet or not', async () => {
  const world = await awaitingApproval();
  await world.store.keepVerdict(
    web,
    verdict({ digest: image, result: 'block', decidedAt: world.clock.now() }),
  );
  expect(await refused(world, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    title: 'The verdict turned',
  });

  const told = await awaitingApproval();
  told.registry.setScan(candidate, image, {
    status: 'complete',
    completedAt: told.clock.now(),
    findings: [finding({ fix: 'no' })],
  });
  await told.deliver('gate', scanEvent(candidate, image));
  expect(await refused(told, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    title: 'Not waiting for approval',
    detail: expect.stringContaining('CVE-2019-10906 CRITICAL'),
  });
});

test('409: the policy changed since the verdict', async () => {
  const world = await awaitingApproval(new World({ policy: { ...config.policy, version: '2' } }));
  expect(await refused(world, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    title: 'The policy or its waivers changed',
  });
});

test('409: another digest than the newest image', async () => {
  const world = await awaitingApproval();
  const other = digestOf('other');
  expect(await refused(world, anna, 'POST', approvals, { digest: other })).toMatchObject({
    status: 409,
    title: 'Another image',
    detail: `${other.slice(0, 19)} is not the newest image: that is ${image.slice(0, 19)}.`,
  });
});

test('409: what is not judged yet', async () => {
  expect(await refused(await scanning(), anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 409,
    detail: 'The newest image is scanning.',
  });
});

test.each([[{}], [{ digest: 'latest' }], [{ digest: image, force: true }]])(
  '422: an approval of %o',
  async (body) => {
    expect(await refused(await awaitingApproval(), anna, 'POST', approvals, body)).toMatchObject({
      status: 422,
    });
  },
);

test('412: somebody wrote between the reading and the writing', async () => {
  const world = await awaitingApproval();
  const stored = world.store.verdict.bind(world.store);
  world.store.verdict = async (...asked) => {
    const found = await stored(...asked);
    world.store.verdict = stored;
    const turned = verdict({ digest: image, result: 'block', blocking: 1, decidedAt: world.clock.now() });
    const known = { digest: image, pushedAt: world.clock.now(), tags: [] };
    await world.decide((environment, now) => judged(environment, known, turned, config.policy, now));
    return found;
  };
  expect(await refused(world, anna, 'POST', approvals, { digest: image })).toMatchObject({
    status: 412,
    title: 'Changed meanwhile',
  });
  expect(world.store.approvals).toEqual([]);
});

test('412: another version than the one that was read; 428: none is named; 400: what is none', async () => {
  const world = await awaitingApproval();
  const approve = (tag: string | undefined) =>
    refused(world, anna, 'POST', approvals, { digest: image }, { 'if-match': tag });
  const { version } = await world.environment();
  expect(await approve('"1"')).toMatchObject({
    status: 412,
    detail: `checkout/web is no longer at version 1: it is at version ${version}. Read it and try again.`,
  });
  expect(await approve(undefined)).toMatchObject({ status: 428, title: 'No If-Match' });
  for (const tag of ['*', `W/"${version}"`, String(version), `"${version}", "1"`])
    expect(await approve(tag)).toMatchObject({ status: 400, fields: [{ path: 'if-match' }] });
  expect(world.store.approvals).toEqual([]);
});

test("503: what may pass is to be tried again; a bug is nobody's to see", async () => {
  const world = await awaitingApproval();
  world.store.write = () => Promise.reject(new Retryable('The change was not written: ThrottlingError'));
  expect(await refused(world, anna, 'POST', approvals, { digest: image })).toMatchObject({ status: 503 });
  world.store.write = () => Promise.reject(new Error('secret detail'));
  await expect(call(world, anna, 'POST', approvals, { digest: image })).rejects.toThrow('secret detail');
});
