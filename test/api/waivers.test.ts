/** Waivers over the API: two people, an end, and what the gate makes of them. */
import { beforeEach, expect, test } from 'vitest';
import { WaiverAnswer, WaiversAnswer } from '#api/answers.ts';
import { Conflict } from '#core/errors.ts';
import { addSeconds } from '#core/names.ts';
import { Waiver } from '#core/policy.ts';
import type { Person } from '#core/roles.ts';
import { complete, finding } from '../contracts/samples.ts';
import { image, ready, scanning } from '../lambdas/ways.ts';
import { anna, candidate, look, olga, rita, scanEvent, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const sam: Person = { name: 'sam', groups: ['getschwifty-security'] };
const sue: Person = { name: 'sue', groups: ['getschwifty-security'] };
const path = '/teams/checkout/waivers';
let world: World;
beforeEach(() => {
  world = new World();
});

const wish = (parts: object = {}) => ({
  cve: 'CVE-2019-10906',
  reason: 'templates of ours alone are rendered',
  expiresAt: addSeconds(world.clock.now(), 86_400),
  ...parts,
});
async function answered(person: Person, method: 'POST' | 'DELETE', to: string, body?: object, version = 1) {
  const answer = await call(world, person, method, to, body, { 'if-match': `"${version}"` });
  expect(answer.status).toBe(method === 'POST' && to === path ? 201 : 200);
  const waiver = WaiverAnswer.parse(await answer.json());
  expect(answer.headers.get('etag')).toBe(`"${waiver.version}"`);
  return waiver;
}
const propose = (parts: object = {}) => answered(sam, 'POST', path, wish(parts));
const approve = ({ id, version }: WaiverAnswer, person = sue) =>
  answered(person, 'POST', `${path}/${id}/approvals`, undefined, version);
const withdraw = ({ id, version }: WaiverAnswer, person = sam) =>
  answered(person, 'DELETE', `${path}/${id}`, undefined, version);
const list = async (person: Person) =>
  WaiversAnswer.parse(await (await call(world, person, 'GET', path)).json());

test('proposed by one, approved by another, withdrawn; the list says who and when, for ever', async () => {
  const proposed = await propose();
  expect(proposed).toMatchObject({ state: 'proposed', author: 'sam', version: 1, team: 'checkout' });
  world.clock.advance(60);
  const approved = await approve(proposed);
  expect(approved).toMatchObject({ state: 'good', author: 'sam', approver: 'sue', version: 2 });
  expect(await approve(approved)).toEqual(approved);
  const withdrawn = await withdraw(approved);
  expect(withdrawn).toMatchObject({ state: 'withdrawn', approver: 'sue', withdrawnBy: 'sam', version: 3 });
  expect(await withdraw(withdrawn)).toEqual(withdrawn);
  expect((await list(rita)).waivers).toEqual([withdrawn]);
});

test('nobody approves their own, and nothing that is withdrawn or over', async () => {
  const waiver = await propose();
  const approvals = `${path}/${waiver.id}/approvals`;
  expect(await refused(world, sam, 'POST', approvals)).toMatchObject({
    status: 403,
    title: 'Your own waiver',
  });
  const withdrawn = await withdraw(await propose({ cve: 'CVE-1' }));
  expect(
    await refused(world, sue, 'POST', `${path}/${withdrawn.id}/approvals`, undefined, { 'if-match': '"2"' }),
  ).toMatchObject({ status: 409, title: 'It is withdrawn' });
  world.clock.advance(86_401);
  expect(await refused(world, sue, 'POST', approvals)).toMatchObject({ status: 409, title: 'It is over' });
});

test('the list comes in pages; the first has those of the configuration', async () => {
  const configured = Waiver.parse({
    ...{ id: 'W-1', team: 'checkout', cve: 'CVE-1', reason: 'of old', author: 'sam', approver: 'sue' },
    expiresAt: addSeconds(world.clock.now(), 86_400),
  });
  world = new World({ waivers: [configured] });
  const all = [await propose(), await propose({ cve: 'CVE-2' }), await propose({ cve: 'CVE-3' })];
  const page = async (query: string) =>
    WaiversAnswer.parse(await (await call(world, rita, 'GET', `${path}?${query}`)).json());
  const first = await page('limit=2');
  expect(first.configured).toEqual([configured]);
  const second = await page(`limit=2&cursor=${first.next}`);
  expect(second).toMatchObject({ configured: [], waivers: [{}] });
  expect(second.next).toBeUndefined();
  const ids = all.map(({ id }) => id).sort();
  expect([...first.waivers, ...second.waivers].map(({ id }) => id)).toEqual(ids);
  expect(await refused(world, rita, 'GET', `${path}?cursor=W-1`)).toMatchObject({ status: 422 });
});

test('who may: security alone makes them, the team sees them, strangers nothing', async () => {
  for (const person of [rita, anna, olga])
    expect(await refused(world, person, 'POST', path, wish())).toMatchObject({ status: 403 });
  expect((await call(world, rita, 'GET', path)).status).toBe(200);
  const sven = { name: 'sven', groups: ['other-members'] };
  expect(await refused(world, sven, 'GET', path)).toMatchObject({ status: 403 });
  expect(await refused(world, sam, 'POST', '/teams/nobody/waivers', wish())).toMatchObject({ status: 404 });
});

test.each([
  ['no reason', { reason: '' }, 'reason'],
  ['no CVE', { cve: '*' }, 'cve'],
  ['two lines', { cve: 'CVE-1\nCVE-2' }, 'cve'],
  ['no instant', { expiresAt: 'tomorrow' }, 'expiresAt'],
  ['an approver of the proposer', { approver: 'sue' }, ''],
  ['an environment that is none', { environment: 'A B' }, 'environment'],
])('%s is refused, with the field', async (_, parts, field) => {
  const problem = await refused(world, sam, 'POST', path, wish(parts));
  expect(problem).toMatchObject({ status: 422 });
  if (field !== '') expect(problem.fields?.map((it) => it.path)).toContain(field);
  expect((await list(rita)).waivers).toEqual([]);
});

test('an end that is past, or more than a year away, is none', async () => {
  for (const seconds of [0, 367 * 86_400])
    expect(
      await refused(world, sam, 'POST', path, wish({ expiresAt: addSeconds(world.clock.now(), seconds) })),
    ).toMatchObject({ status: 409, title: 'No end within a year' });
});

test('a change names the version: what somebody else changed meanwhile is not changed', async () => {
  const waiver = await propose();
  await approve(waiver);
  const to = `${path}/${waiver.id}`;
  expect(await refused(world, sam, 'DELETE', to, undefined, { 'if-match': '"1"' })).toMatchObject({
    status: 412,
  });
  expect(await refused(world, sam, 'DELETE', to, undefined, { 'if-match': undefined })).toMatchObject({
    status: 428,
  });
  expect(await refused(world, sam, 'DELETE', `${path}/api-${'0'.repeat(16)}`)).toMatchObject({ status: 404 });
});

test('what is sent twice under one key is one waiver', async () => {
  const send = () => call(world, sam, 'POST', path, wish(), { 'idempotency-key': 'once' });
  const [first, second] = [await send(), await send()];
  expect(await second.json()).toEqual(await first.json());
  expect((await list(rita)).waivers).toHaveLength(1);
});

test('the gate counts it once it is approved, until it is withdrawn or over; its verdict names it', async () => {
  world = await scanning(world);
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding({ fix: 'no' })));
  const judged = async () => {
    await world.deliver('gate', scanEvent(candidate, image));
    const verdict = await world.store.verdict(look().environment, image);
    return [verdict?.result, verdict?.waivers];
  };
  expect(await judged()).toEqual(['block', []]);
  const waiver = await propose();
  world.clock.advance(1);
  expect(await judged()).toEqual(['block', []]);
  const approved = await approve(waiver);
  world.clock.advance(1);
  expect(await judged()).toEqual(['pass', [waiver.id]]);
  expect(await world.environment()).toMatchObject({ candidate: { phase: 'awaiting-approval' } });
  await withdraw(approved);
  world.clock.advance(1);
  expect(await judged()).toEqual(['block', []]);
  await approve(await propose({ environment: 'shop' }));
  world.clock.advance(1);
  expect(await judged()).toEqual(['block', []]);
});

test('an image that was approved with it is not promoted once it is withdrawn', async () => {
  world = await scanning(world);
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding({ fix: 'no' })));
  const waiver = await approve(await propose());
  await world.deliver('gate', scanEvent(candidate, image));
  const { version } = await world.environment();
  const approvals = '/environments/checkout/web/approvals';
  const headers = { 'if-match': `"${version}"` };
  expect((await call(world, anna, 'POST', approvals, { digest: image }, headers)).status).toBe(201);
  await withdraw(waiver);
  await world.deliver('promote', look());
  expect((await world.environment()).candidate.phase).not.toBe('promoted');
  expect(world.registry.repositories().filter((it) => it.startsWith('release/'))).toEqual([]);
});

const judgedBy = async (seconds: number) => {
  await world.pass(seconds);
  return (await world.environment()).candidate.phase;
};

test('a blocked image is judged again as soon as its waiver is approved, and again when it is withdrawn', async () => {
  world = await scanning(world);
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding({ fix: 'no' })));
  await world.deliver('gate', scanEvent(candidate, image));
  const proposed = await propose();
  expect(await judgedBy(5)).toBe('blocked');
  const approved = await approve(proposed);
  expect(await judgedBy(5)).toBe('awaiting-approval');
  await withdraw(approved);
  expect(await judgedBy(5)).toBe('blocked');
});

test('a waiver of one environment has no other one judged; one of the team has all of them', async () => {
  world = await scanning(world);
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding({ fix: 'no' })));
  await world.deliver('gate', scanEvent(candidate, image));
  const before = await world.environment();
  await approve(await propose({ environment: 'shop' }));
  expect(await world.environment()).toEqual(before);
  await approve(await propose({ cve: 'CVE-2024-1' }));
  expect(await world.environment()).toMatchObject({ candidate: { lookAt: world.clock.now() } });
});

test('what runs with a waiver is an incident as soon as it is withdrawn, and its approval is void', async () => {
  world = await ready(world);
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding({ fix: 'no' })));
  await withdraw(await approve(await propose()));
  expect(await judgedBy(5)).toBe('blocked');
  expect(await world.environment()).toMatchObject({
    release: { phase: 'ready' },
    incidents: [{ kind: 'vulnerable' }],
  });
});

test('a request that ended before everything was asked for does it when it is made once more', async () => {
  world = await scanning(world);
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding({ fix: 'no' })));
  await world.deliver('gate', scanEvent(candidate, image));
  const { id } = await propose();
  const { list: listing } = world.store;
  world.store.list = () => Promise.reject(new Error('the function ends here'));
  const errors: unknown[] = [];
  const cut = await world
    .api(sue, (error) => errors.push(error))
    .request(`${path}/${id}/approvals`, {
      method: 'POST',
      headers: { 'idempotency-key': 'cut', 'if-match': '"1"' },
    });
  expect([cut.status, errors.length]).toEqual([500, 1]);
  world.store.list = listing;
  const [kept] = (await list(rita)).waivers;
  if (!kept) throw new Error('the waiver is lost');
  expect(await approve(kept)).toEqual(kept);
  expect(await judgedBy(5)).toBe('awaiting-approval');
});

test('a write of somebody else in between is read and tried again', async () => {
  world = await scanning(world);
  world.registry.setScan(candidate, image, complete(world.clock.now(), finding({ fix: 'no' })));
  await world.deliver('gate', scanEvent(candidate, image));
  const proposed = await propose();
  const { write } = world.store;
  let late = 2;
  world.store.write = async (...args) => {
    if (late-- > 0) throw new Conflict('somebody else wrote first');
    return write.apply(world.store, args);
  };
  await approve(proposed);
  world.store.write = write;
  expect(await judgedBy(5)).toBe('awaiting-approval');
});
