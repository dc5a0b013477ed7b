/** An environment goes to another team over the API: who may, what speaks against it, and what either side sees of it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { TransferAnswer, TransfersAnswer } from '#api/answers.ts';
import { Conflict } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { addSeconds } from '#core/names.ts';
import type { Person } from '#core/roles.ts';
import { Spec } from '#core/spec.ts';
import { keyOf, requested, spec, web } from '../contracts/samples.ts';
import { ben, heir, mia, rolledOut, worldOfTwo } from '../lambdas/two-teams.ts';
import { ready } from '../lambdas/ways.ts';
import { anna, look, rita, type World } from '../lambdas/world.ts';
import { call, type Method, refused } from './calls.ts';

const ours = '/environments/checkout/web/transfer';
const theirs = '/teams/billing/transfers/checkout/web';
const acceptance = `${theirs}/acceptance`;
let world: World;
beforeEach(async () => {
  world = await ready(worldOfTwo());
});

async function transferred(person: Person, method: Method, path: string, body?: object, version?: number) {
  const headers = version === undefined ? {} : { 'if-match': `"${version}"` };
  const answer = await call(world, person, method, path, body, headers);
  expect(answer.status).toBe(method === 'POST' ? 201 : 200);
  const found = TransferAnswer.parse(await answer.json());
  expect(answer.headers.get('etag')).toBe(`"${found.transfer.version}"`);
  return found;
}
const offer = (person = anna) => transferred(person, 'POST', ours, { to: 'billing' });
const accept = (person: Person, version: number, body: object = {}) =>
  call(world, person, 'POST', acceptance, body, { 'if-match': `"${version}"` });
const at = (version: number) => ({ 'if-match': `"${version}"` });
const offers = async (person: Person) =>
  TransfersAnswer.parse(await (await call(world, person, 'GET', '/teams/billing/transfers')).json())
    .transfers;
const history = async (key = web) =>
  (await world.store.audit(key, 50)).map(({ actor, what }) => `${actor} ${what}`);
const come = () => world.deliver('schedule', look());

test('offered by one, accepted by another: both histories say so, and the old one goes when the new one is Ready', async () => {
  const { transfer } = await offer();
  expect(transfer).toMatchObject({ state: 'offered', offeredBy: 'anna', to: 'billing', version: 1 });
  expect(transfer.until).toBe(addSeconds(world.clock.now(), 7 * 86_400));
  expect(await offers(mia)).toMatchObject([{ transfer, successor: heir }]);
  const seen = await transferred(mia, 'GET', theirs);
  expect(seen).toMatchObject({ spec: { base: 'debian-12' }, verdict: { result: 'pass' } });

  world.clock.advance(60);
  const answer = await accept(ben, transfer.version);
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe('/environments/billing/web');
  const made = await world.environment(heir);
  expect(made).toMatchObject({ requester: 'ben', cluster: 'main', candidate: { phase: 'building' } });
  expect(made.spec).toEqual((await world.environment()).spec);
  expect(Object.keys((await world.store.ledger(heir.team)).held)).toEqual(['web']);

  world.clock.advance(60);
  await come();
  expect((await world.environment()).life.state).toBe('running');
  await rolledOut(world);
  world.clock.advance(60);
  await come();
  expect((await world.environment()).life.state).toBe('deleting');
  expect((await transferred(rita, 'GET', ours)).transfer.state).toBe('done');
  expect(await offers(ben)).toEqual([]);
  expect((await history()).slice(-3)).toEqual([
    `anna offered it to team billing, until ${transfer.until}`,
    'ben accepted it for team billing: it is deleted when billing/web is Ready',
    'schedule deleted it: billing/web is Ready in its place',
  ]);
  expect(await history(heir)).toEqual([
    'ben asked for the environment, in place of checkout/web',
    'deploy it is Ready',
    'schedule took the place of checkout/web',
  ]);
});

describe('who may', () => {
  test('approvers of the team that has it offer, those of the one that gets it accept; each sees their own', async () => {
    for (const person of [rita, ben, mia])
      expect(await refused(world, person, 'POST', ours, { to: 'billing' })).toMatchObject({ status: 403 });
    const { transfer } = await offer();
    for (const person of [mia, rita, anna])
      expect(await refused(world, person, 'POST', acceptance, {}, at(transfer.version))).toMatchObject({
        status: 403,
      });
    expect(await refused(world, ben, 'GET', ours)).toMatchObject({ status: 403 });
    expect(await refused(world, anna, 'GET', theirs)).toMatchObject({ status: 403 });
    expect(await refused(world, mia, 'DELETE', theirs, undefined, at(1))).toMatchObject({ status: 403 });
    expect(await refused(world, rita, 'DELETE', ours, undefined, at(1))).toMatchObject({ status: 403 });
  });

  test('who is in both teams does not do both', async () => {
    const both = { ...anna, groups: [...anna.groups, ...ben.groups] };
    const { transfer } = await offer(both);
    expect(await refused(world, both, 'POST', acceptance, {}, at(transfer.version))).toMatchObject({
      status: 403,
      title: 'Your own offer',
    });
    expect((await accept(ben, transfer.version)).status).toBe(201);
  });

  test('a team that it is not offered to finds nothing', async () => {
    await offer();
    expect(await refused(world, ben, 'GET', '/teams/billing/transfers/checkout/other')).toMatchObject({
      status: 404,
      title: 'No such transfer',
    });
  });
});

describe('what speaks against an offer', () => {
  test('a volume, its own team, no such team, an offer that stands, one that is deleted', async () => {
    const offered = (to: string) => refused(world, anna, 'POST', ours, { to });
    expect(await offered('nobody')).toMatchObject({ status: 422, fields: [{ path: 'to' }] });
    expect(await offered('checkout')).toMatchObject({ status: 409, title: 'It is theirs already' });
    await offer();
    expect(await offered('billing')).toMatchObject({ status: 409, title: 'It is offered already' });
    const withVolume = Spec.parse({ ...spec, volume: { sizeGiB: 10 } });
    const key = keyOf('checkout', 'kept');
    await world.store.write(requested({ key, spec: withVolume }, world.clock.now()));
    const kept = '/environments/checkout/kept/transfer';
    expect(await refused(world, anna, 'POST', kept, { to: 'billing' })).toMatchObject({
      status: 409,
      title: 'It has a volume',
    });
    await call(world, anna, 'DELETE', '/environments/checkout/kept');
    expect(await refused(world, anna, 'POST', kept, { to: 'billing' })).toMatchObject({ status: 409 });
  });

  test('it is not another thing by the time that it is accepted', async () => {
    const { transfer } = await offer();
    const change = { spec: { ...spec, command: ['sleep', '1'] } };
    const put = () => refused(world, rita, 'PUT', '/environments/checkout/web', change);
    expect(await put()).toMatchObject({ status: 409, title: 'It is to go' });
    await transferred(anna, 'DELETE', ours, undefined, transfer.version);
    expect((await call(world, rita, 'PUT', '/environments/checkout/web', change)).status).toBe(200);
  });
});

describe('what is refused to the other team leaves the offer as it is', () => {
  test.each([
    ['its quota', { quota: { environments: 0 } }, 409, 'Over the quota'],
    ['no such cluster', {}, 422, 'The request is not valid'],
    ['its name is taken', {}, 409, 'It exists'],
  ])('%s', async (what, team, status, title) => {
    world = await ready(worldOfTwo(team));
    if (what === 'its name is taken') await world.store.write(requested({ key: heir }, world.clock.now()));
    const { transfer } = await offer();
    const body = what === 'no such cluster' ? { cluster: 'other' } : {};
    expect(await refused(world, ben, 'POST', acceptance, body, at(transfer.version))).toMatchObject({
      status,
      title,
    });
    expect((await transferred(anna, 'GET', ours)).transfer).toEqual(transfer);
    expect((await world.environment()).leaving?.state).toBe('offered');
    expect((await world.store.ledger(heir.team)).held).toEqual({});
  });
});

describe('doubled, late, at once', () => {
  test('of two who accept at once one does, and there is one environment', async () => {
    const { transfer } = await offer();
    const bea = { ...ben, name: 'bea' };
    const answers = await Promise.all([ben, bea].map((person) => accept(person, transfer.version)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 412]);
    expect((await world.store.audit(heir, 10)).length).toBe(1);
  });

  test('one request sent twice is done once', async () => {
    const { transfer } = await offer();
    const headers = { 'idempotency-key': 'once', 'if-match': `"${transfer.version}"` };
    const [first, second] = [
      await call(world, ben, 'POST', acceptance, {}, headers),
      await call(world, ben, 'POST', acceptance, {}, headers),
    ];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(await second.text()).toBe(await first.text());
  });

  test('accepting and withdrawing at once: one of them is, and both items agree', async () => {
    const { transfer } = await offer();
    const [taken, back] = await Promise.all([
      accept(ben, transfer.version),
      call(world, anna, 'DELETE', ours, undefined, at(transfer.version)),
    ]);
    expect([taken.status, back.status].sort()).toEqual(taken.status === 201 ? [201, 412] : [200, 412]);
    const state = taken.status === 201 ? 'accepted' : 'over';
    expect((await transferred(anna, 'GET', ours)).transfer.state).toBe(state);
    expect((await world.environment()).leaving?.state).toBe(state === 'over' ? undefined : state);
    expect((await world.store.read(heir)) !== undefined).toBe(state === 'accepted');
  });

  test('others of its items that are written meanwhile break nothing off', async () => {
    const { transfer } = await offer();
    const write = world.store.write.bind(world.store);
    let others = 3;
    world.store.write = async (...args) => {
      if (others-- > 0) throw new Conflict('a stage wrote first');
      return write(...args);
    };
    expect((await accept(ben, transfer.version)).status).toBe(201);
  });

  test('an offer that is over is not accepted, and can be made anew', async () => {
    const { transfer } = await offer();
    world.clock.advance(7 * 86_400);
    expect((await transferred(mia, 'GET', theirs)).transfer).toMatchObject({ state: 'over', why: 'expired' });
    expect(await offers(mia)).toEqual([]);
    expect(await refused(world, ben, 'POST', acceptance, {}, at(1))).toMatchObject({
      status: 409,
      title: 'The offer is over',
    });
    const again = await offer();
    expect(again.transfer).toMatchObject({ state: 'offered', version: transfer.version + 1 });
  });

  test('an older version is not acted upon', async () => {
    const { transfer } = await offer();
    await transferred(anna, 'DELETE', ours, undefined, transfer.version);
    await offer();
    expect(await refused(world, ben, 'POST', acceptance, {}, at(1))).toMatchObject({ status: 412 });
    expect(await refused(world, anna, 'DELETE', ours, undefined, at(1))).toMatchObject({ status: 412 });
    const without = { 'if-match': undefined };
    expect(await refused(world, anna, 'DELETE', ours, undefined, without)).toMatchObject({ status: 428 });
  });

  test('one that was deleted and asked for anew is not what was offered', async () => {
    const { transfer } = await offer();
    const { version, builds } = await world.environment();
    const before = { version, builds, untold: [] };
    const gone = {
      ...(await world.environment()),
      ...before,
      life: { state: 'deleted' as const, since: world.clock.now(), by: 'rita' },
    };
    const request = { key: web, cluster: 'main', requester: 'rita', spec };
    await world.decide(() => next(gone, { kind: 'requested', request }, world.clock.now()));
    expect(await refused(world, ben, 'POST', acceptance, {}, at(transfer.version))).toMatchObject({
      status: 409,
      title: 'The offer is over',
    });
    expect(await offers(ben)).toEqual([]);
  });
});

describe('taken back', () => {
  test('before the new one is Ready: the old one stays whole, the new one stays too, and each history says why', async () => {
    const { transfer } = await offer();
    await accept(ben, transfer.version);
    const { transfer: over } = await transferred(anna, 'DELETE', ours, undefined, transfer.version + 1);
    expect(over).toMatchObject({ state: 'over', why: 'withdrawn', endedBy: 'anna', acceptedBy: 'ben' });
    await rolledOut(world);
    world.clock.advance(3600);
    await come();
    expect(await world.environment()).toMatchObject({
      life: { state: 'running' },
      release: { phase: 'ready' },
    });
    expect((await history()).at(-1)).toBe(
      'anna it stays with team checkout: anna of team checkout withdrew it',
    );
    expect(await history(heir)).toContain(
      'anna checkout/web stays, and so does this one, of the same spec: anna of team checkout withdrew it',
    );
  });

  test('by the other team; twice is once; and nobody after it is done', async () => {
    const { transfer } = await offer();
    const { transfer: over } = await transferred(ben, 'DELETE', theirs, undefined, transfer.version);
    expect(over).toMatchObject({ state: 'over', why: 'refused', endedBy: 'ben' });
    expect((await transferred(ben, 'DELETE', theirs, undefined, over.version)).transfer).toEqual(over);
    const again = await offer();
    expect((await accept(ben, again.transfer.version)).status).toBe(201);
    await rolledOut(world);
    world.clock.advance(60);
    await come();
    const done = await transferred(anna, 'GET', ours);
    for (const [person, path] of [
      [anna, ours],
      [ben, theirs],
    ] as const)
      expect(
        await refused(world, person, 'DELETE', path, undefined, at(done.transfer.version)),
      ).toMatchObject({
        status: 409,
        title: 'It is done',
      });
  });
});
