/** A release that is too young, from its refusal to its build: two people waive its age, by the API, and the build stage takes it. */
import { expect, test } from 'vitest';
import { WaiverAnswer } from '#api/answers.ts';
import { addSeconds } from '#core/names.ts';
import type { Person } from '#core/roles.ts';
import { call, refused } from '../api/calls.ts';
import { web } from '../contracts/samples.ts';
import { building } from './ways.ts';
import { anna, look, rita, type World } from './world.ts';

const sam: Person = { name: 'sam', groups: ['getschwifty-security'] };
const sue: Person = { name: 'sue', groups: ['getschwifty-security'] };
const path = '/teams/checkout/waivers';
/** What the sample's spec pins. */
const release = { manager: 'pip', name: 'jinja2', version: '2.10' };

async function waive(world: World): Promise<WaiverAnswer> {
  const wish = {
    package: release,
    reason: 'it mends what hurts us',
    expiresAt: addSeconds(world.clock.now(), 86_400),
  };
  const proposed = await call(world, sam, 'POST', path, wish);
  expect(proposed.status).toBe(201);
  const { id } = WaiverAnswer.parse(await proposed.json());
  const approved = await call(world, sue, 'POST', `${path}/${id}/approvals`, undefined, {
    'if-match': '"1"',
  });
  return WaiverAnswer.parse(await approved.json());
}
const dockerfileOf = (world: World) => [...world.builder.builds.values()].at(-1)?.context['Dockerfile'];
const contentOf = async (world: World) => (await world.environment()).builtOf?.content;
const alone = "--no-deps 'Jinja2==2.10'";

test('once it is waived the build takes it; the content is another one, and again when the waiver is over', async () => {
  const plain = await building();
  await plain.deliver('build', look());
  expect(dockerfileOf(plain)).not.toContain(alone);
  const waived = await building();
  expect(await waive(waived)).toMatchObject({
    state: 'good',
    package: release,
    author: 'sam',
    approver: 'sue',
  });
  await waived.deliver('build', look());
  expect(dockerfileOf(waived)).toContain(alone);
  expect(await contentOf(waived)).not.toBe(await contentOf(plain));
  const over = await building();
  await waive(over);
  over.clock.advance(86_401);
  await over.deliver('build', look());
  expect(dockerfileOf(over)).not.toContain(alone);
});

test('a plan shows the Dockerfile that would be built', async () => {
  const world = await building();
  const { spec } = await world.environment();
  const plan = async () => {
    const answer = await call(world, rita, 'POST', '/environments/plan', { ...web, spec });
    expect(answer.status).toBe(200);
    return await answer.text();
  };
  expect(await plan()).not.toContain('young.json');
  await waive(world);
  expect(await plan()).toContain('/tmp/young.json --no-deps');
});

test('it judges no image again, and who may not waive can not', async () => {
  const world = await building();
  const { version } = await world.environment();
  await waive(world);
  expect((await world.environment()).version).toBe(version);
  const wish = {
    package: release,
    reason: 'it mends what hurts us',
    expiresAt: addSeconds(world.clock.now(), 60),
  };
  for (const person of [rita, anna])
    expect(await refused(world, person, 'POST', path, wish)).toMatchObject({ status: 403 });
  expect(await refused(world, sam, 'POST', path, { ...wish, cve: 'CVE-2024-1' })).toMatchObject({
    status: 422,
    fields: [{ path: 'cve', message: 'one of cve and package' }],
  });
});
