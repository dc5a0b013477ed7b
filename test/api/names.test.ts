/** What would be done with names, over the API: nothing is done. */
import { expect, test } from 'vitest';
import { NamePlanAnswer, ZonePlanAnswer } from '#api/answers.ts';
import { desiredRecords } from '#core/dns.ts';
import { keyOf, web } from '../contracts/samples.ts';
import { installation } from '../lambdas/stages.ts';
import { address, building, ready } from '../lambdas/ways.ts';
import { olga, rita, type World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const naming = { zone: 'schwifty.example', installation };
const plan = async (world: World) => {
  const answer = await call(world, rita, 'GET', '/environments/checkout/web/dns');
  expect(answer.status).toBe(200);
  return NamePlanAnswer.parse(await answer.json());
};
const sweep = async (world: World, cursor?: string) => {
  const query = cursor === undefined ? '' : `?${new URLSearchParams({ cursor })}`;
  const answer = await call(world, olga, 'GET', `/dns/plan${query}`);
  expect(answer.status).toBe(200);
  return ZonePlanAnswer.parse(await answer.json());
};

test('a new name: what would be made, and nothing is', async () => {
  const world = await ready();
  const { version } = await world.environment();
  expect(await plan(world)).toEqual({
    environment: 'checkout/web',
    target: address,
    changes: [
      {
        action: 'CREATE',
        type: 'TXT',
        name: 'schwifty-owner.web.checkout.schwifty.example',
        values: [`"heritage=getschwifty,installation=${installation}"`],
      },
      { action: 'CREATE', type: 'CNAME', name: 'web.checkout.schwifty.example', values: [address] },
    ],
  });
  expect(world.zone.calls.change).toBe(0);
  expect((await world.environment()).version).toBe(version);
});

test("what points already needs nothing; what is somebody else's is said; what is not Ready waits", async () => {
  const world = await ready();
  const foreign = {
    name: 'web.checkout.schwifty.example',
    type: 'A',
    ttl: 60,
    values: ['192.0.2.7'],
  } as const;
  await world.zone.change([{ action: 'CREATE', record: foreign }]);
  expect(await plan(world)).toMatchObject({ changes: [], left: expect.stringContaining('is not ours') });
  await world.zone.change([{ action: 'DELETE', record: foreign }]);
  await world.pass(180);
  expect(await plan(world)).toEqual({ environment: 'checkout/web', target: address, changes: [] });
  expect(await plan(await building())).toMatchObject({
    changes: [],
    left: expect.stringContaining('not Ready'),
  });
});

test('a sweep page by page: orphans and what somebody changed, and nothing is done', async () => {
  const world = await ready();
  await world.pass(180);
  const [txt, address_] = desiredRecords(web, naming, address);
  if (!txt || !address_) throw new Error('no records');
  await world.zone.change([{ action: 'DELETE', record: address_ }]);
  const old = Array.from({ length: 200 }, (_, i) =>
    desiredRecords(keyOf('checkout', `old${i}`), naming, '10.0.0.1'),
  );
  for (const some of [old.slice(0, 100), old.slice(100)])
    await world.zone.change(some.flat().map((record) => ({ action: 'CREATE', record })));
  const before = world.zone.names().length;
  const first = await sweep(world);
  expect(first.next).toBeDefined();
  const second = await sweep(world, first.next);
  expect(second.next).toBeUndefined();
  const names = [...first.names, ...second.names];
  expect(names).toHaveLength(201);
  expect(names.find(({ environment }) => environment === 'checkout/web')).toMatchObject({
    target: address,
    changes: [{ action: 'CREATE', type: 'CNAME' }],
  });
  expect(world.zone.names()).toHaveLength(before);
});

test('who may: the team its names, operators the zone', async () => {
  const world = await ready();
  const stranger = { name: 'sven', groups: ['other-members'] };
  expect((await refused(world, stranger, 'GET', '/environments/checkout/web/dns')).status).toBe(403);
  expect((await refused(world, rita, 'GET', '/environments/checkout/none/dns')).status).toBe(404);
  expect((await refused(world, rita, 'GET', '/dns/plan')).status).toBe(403);
  expect((await refused(world, olga, 'GET', '/dns/plan?cursor=a%20b%20c')).status).toBe(422);
});
