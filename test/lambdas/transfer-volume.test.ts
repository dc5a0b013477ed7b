/** A transfer of what has a volume: stopped, kept, filled, gone; late, crashed into, taken back at each step, with the quota of both. */
import { beforeEach, describe, expect, test } from 'vitest';
import { TransferAnswer } from '#api/answers.ts';
import { fillingContentOf } from '#core/filling.ts';
import type { EnvironmentKey } from '#core/names.ts';
import { Team } from '#core/team.ts';
import { call, refused } from '../api/calls.ts';
import { digestOf, spec, verdict, web } from '../contracts/samples.ts';
import { config } from './stages.ts';
import { ben, heir, mia, worldOfTwo } from './two-teams.ts';
import { anna, crashing, rita, type World } from './world.ts';

const driver = 'ebs.csi.eks.amazonaws.com';
const path = '/environments/checkout/web/transfer';
const offered = '/teams/billing/transfers/checkout/web';
const [main] = config.clusters;
const [checkout] = config.teams;
if (!main || !checkout) throw new Error('the sample has no cluster or no team');
const clusters = [{ ...main, volumes: main.volumes.map((one) => ({ ...one, snapshotClass: 'keeps' })) }];
const digest = digestOf('image');

let world: World;
const look = (key: EnvironmentKey, parts?: Parameters<World['deliver']>[2]) =>
  world.deliver('deploy', { kind: 'look', environment: key }, parts);
const come = (parts?: Parameters<World['deliver']>[2]) =>
  world.deliver('schedule', { kind: 'look', environment: web }, parts);
const lines = async (key = web) => (await world.store.audit(key, 60)).map(({ what }) => what);
const state = async () => TransferAnswer.parse(await (await call(world, anna, 'GET', path)).json()).transfer;
const life = async (key = web) => (await world.environment(key)).life.state;

/** As if it had been built, approved and promoted. */
const released = async (key: EnvironmentKey) => {
  await world.store.keepVerdict(key, verdict({ digest, decidedAt: world.clock.now() }));
  await world.decide((environment, now) => {
    const approval = { approver: 'anna', approvedAt: now, policyVersion: '1', waivers: [] };
    return {
      outcome: 'changed',
      environment: {
        ...environment,
        version: environment.version + 1,
        candidate: { phase: 'promoted', image: { digest, pushedAt: now, tags: [] }, approval, since: now },
        release: { phase: 'deploying', digest, approval, since: now, lookAt: now },
      },
      at: now,
      events: [],
      looks: [],
    };
  }, key);
};
async function rolledOut(key: EnvironmentKey) {
  await look(key);
  world.cluster.rollOut(key, world.clock.now(), 'lb');
  world.clock.advance(61);
  await look(key);
}
/** The old one is stopped, and its pod is gone. */
async function moving() {
  await released(heir);
  world.clock.advance(61);
  await come();
  for (let i = 0; i < 3; i++) {
    world.clock.advance(61);
    await look(web);
  }
}
const taken = async () => {
  world.cluster.snapshotTaken(web, driver, 'snap-1');
  world.clock.advance(6);
  await look(web);
};

const accepted = async () => {
  expect((await call(world, anna, 'POST', path, { to: 'billing' })).status).toBe(201);
  const answer = await call(world, ben, 'POST', `${offered}/acceptance`, {}, { 'if-match': '"1"' });
  expect(answer.status).toBe(201);
};
const withdraw = async () => {
  const { version } = await state();
  return call(world, anna, 'DELETE', path, undefined, { 'if-match': `"${version}"` });
};
const begin = async (quota: object = {}) => {
  const team = Team.parse({ ...checkout, quota: { ...checkout.quota, ...quota } });
  world = worldOfTwo({}, { clusters });
  const teams = [team, ...world.config.teams.filter(({ name }) => name !== team.name)];
  Object.assign(world.config, { teams });
  world.cluster.snapshotClass = { deletionPolicy: 'Retain', driver };
  const body = { team: 'checkout', name: 'web', spec: { ...spec, volume: { sizeGiB: 4 } } };
  expect((await call(world, rita, 'POST', '/environments', body)).status).toBe(201);
  await released(web);
  await rolledOut(web);
};
beforeEach(() => begin());

test('it is stopped when the new one’s image may run, not before; a snapshot of what is at rest fills the new one, and then it goes', async () => {
  await accepted();
  world.clock.advance(61);
  await come();
  expect([await life(), (await state()).state]).toEqual(['running', 'accepted']);
  const made = await world.environment(heir);
  expect(made).toMatchObject({
    inPlaceOf: web,
    spec: { volume: { sizeGiB: 4, from: expect.stringMatching(/^web-\d{14}$/) } },
  });

  await released(heir);
  world.clock.advance(61);
  await come();
  expect([await life(), (await state()).state]).toEqual(['stopped', 'moving']);
  // Its pod may still write.
  await look(web);
  expect((await world.environment()).release.phase).toBe('stopping');
  expect((await world.cluster.snapshots(web)).snapshots).toEqual([]);
  // What is to come is waited for, and nothing is applied for it.
  await look(heir);
  expect((await world.cluster.look(heir)).objects).toEqual([]);

  for (let i = 0; i < 3; i++) {
    world.clock.advance(61);
    await look(web);
  }
  expect((await world.cluster.snapshots(web)).snapshots).toHaveLength(1);
  await taken();
  expect(await world.store.snapshots.list(web.team)).toMatchObject([
    { name: made.spec.volume?.from, of: web },
  ]);
  expect(await world.store.snapshots.list(heir.team)).toEqual([]);

  await rolledOut(heir);
  const ready = await world.environment(heir);
  expect(ready).toMatchObject({ release: { phase: 'ready' }, filled: made.spec.volume?.from });
  expect(world.cluster.snapshotContents.names()).toContain(fillingContentOf(ready));
  world.clock.advance(61);
  await come();
  expect([await life(), (await state()).state]).toEqual(['deleting', 'done']);
  await world.pass(400);
  expect(await life()).toBe('deleted');
  // What was kept already is not kept twice.
  expect(await world.store.snapshots.list(web.team)).toHaveLength(1);
  const said = (await lines()).join('\n');
  expect(said).toMatch(
    /what is on its volume goes to billing\/web[\s\S]*stays as snapshot web-[\s\S]*billing\/web is Ready in its place/,
  );
  expect((await lines(heir)).join('\n')).toMatch(
    /its volume was made from snapshot web-[\s\S]*took the place of checkout\/web/,
  );
  expect(world.dead).toEqual([]);
});

test('by itself: every step is looked for by reconcile', async () => {
  await accepted();
  await released(heir);
  await world.pass(200);
  expect((await world.cluster.snapshots(web)).snapshots).toHaveLength(1);
  world.cluster.snapshotTaken(web, driver, 'snap-1');
  await world.pass(120);
  world.cluster.rollOut(heir, world.clock.now(), 'lb');
  await world.pass(900);
  expect(await world.store.transfers.read(web)).toMatchObject({ state: 'done' });
  expect(await life()).toBe('deleted');
  expect(world.dead).toEqual([]);
});

describe.each(['before', 'after'] as const)('a crash %s', (when) => {
  test('the write that stops it', async () => {
    await accepted();
    await released(heir);
    world.clock.advance(61);
    await expect(come({ store: crashing(world.store, when) })).rejects.toThrow('crashed');
    expect(await life()).toBe(when === 'before' ? 'running' : 'stopped');
    world.clock.advance(61);
    await come();
    expect([await life(), (await state()).state]).toEqual(['stopped', 'moving']);
    expect((await lines()).filter((line) => line.startsWith('what is on its volume'))).toHaveLength(1);
  });

  test('the write of its snapshot', async () => {
    await accepted();
    await moving();
    world.cluster.snapshotTaken(web, driver, 'snap-1');
    world.clock.advance(6);
    await expect(look(web, { store: crashing(world.store, when) })).rejects.toThrow('crashed');
    expect(await world.store.snapshots.list(web.team)).toHaveLength(when === 'before' ? 0 : 1);
    world.clock.advance(6);
    await look(web);
    expect(await world.store.snapshots.list(web.team)).toHaveLength(1);
    expect((await lines()).filter((line) => line.includes('stays as snapshot'))).toHaveLength(1);
  });
});

describe('deleted while its snapshot is being taken', () => {
  const second = ({ metadata: { name } }: { readonly metadata: { readonly name: string } }) => name;
  const asked = async () => (await world.cluster.snapshots(web)).snapshots.map(second);
  const deleted = async () => {
    await accepted();
    await moving();
    const [before = ''] = await asked();
    return { before, ask: () => call(world, rita, 'DELETE', '/environments/checkout/web') };
  };

  test('it keeps one of its own end, and nothing that nobody knows of', async () => {
    const { before, ask } = await deleted();
    // It is there, and nobody looked since.
    world.cluster.snapshotTaken(web, driver, 'snap-1', before);
    expect((await ask()).status).toBe(202);
    await world.pass(30);
    const [own = ''] = (await asked()).filter((name) => name !== before);
    world.cluster.snapshotTaken(web, driver, 'snap-2', own);
    await world.pass(700);
    expect(await life()).toBe('deleted');
    expect(await world.store.snapshots.list(web.team)).toMatchObject([{ handle: 'snap-2' }]);
    expect(world.cluster.snapshotContents.names()).toEqual(['snapcontent-snap-2']);
    expect(world.cluster.snapshotContents.dropped).toEqual(['snap-1']);
  });

  test('it waits for what was begun, whose content would come when nobody looks any more', async () => {
    const { before, ask } = await deleted();
    expect((await ask()).status).toBe(202);
    await world.pass(30);
    const [own = ''] = (await asked()).filter((name) => name !== before);
    world.cluster.snapshotTaken(web, driver, 'snap-2', own);
    await world.pass(700);
    expect(await life()).toBe('deleting');
    const waits = 'its volume of 4 GiB waits for a snapshot that was begun before, and goes with it';
    expect((await lines()).filter((line) => line === waits)).toHaveLength(1);
    world.cluster.snapshotTaken(web, driver, 'snap-1', before);
    await world.pass(700);
    expect(await life()).toBe('deleted');
    expect(world.cluster.snapshotContents.names()).toEqual(['snapcontent-snap-2']);
  });
});

describe('taken back', () => {
  test('before its snapshot is made it runs again, and none is made', async () => {
    await accepted();
    await released(heir);
    world.clock.advance(61);
    await come();
    expect((await withdraw()).status).toBe(200);
    expect(await world.environment()).toMatchObject({
      life: { state: 'running' },
      release: { phase: 'deploying' },
    });
    await look(web);
    world.clock.advance(61);
    await look(web);
    expect((await world.cluster.snapshots(web)).snapshots).toEqual([]);
    expect((await world.environment()).moved).toMatchObject({ kept: false });
    expect((await world.environment()).moved?.lookAt).toBeUndefined();
  });

  test('after that it runs again, and the snapshot is kept by its own team; the new one gets nothing of it', async () => {
    await accepted();
    await moving();
    expect((await withdraw()).status).toBe(200);
    expect(await life()).toBe('running');
    await taken();
    expect(await world.store.snapshots.list(web.team)).toHaveLength(1);
    for (let i = 0; i < 14; i++) {
      await look(heir);
      world.clock.advance(61);
    }
    expect(await world.environment(heir)).toMatchObject({
      release: { phase: 'held', reason: expect.stringContaining('Its volume is not made') },
    });
    expect(world.cluster.snapshotContents.names()).toEqual(['snapcontent-snap-1']);
    // Offered anew, it goes by another snapshot.
    await rolledOut(web);
    expect((await call(world, anna, 'POST', path, { to: 'billing' })).status).toBe(201);
  });

  test('by the other team too; what was stopped stays stopped', async () => {
    expect((await call(world, rita, 'POST', '/environments/checkout/web/stop')).status).toBe(200);
    await accepted();
    await moving();
    const { version } = await state();
    const answer = await call(world, ben, 'DELETE', offered, undefined, { 'if-match': `"${version}"` });
    expect(answer.status).toBe(200);
    expect(await life()).toBe('stopped');
  });

  test('where its team has no room any more it stays stopped, and is told', async () => {
    await begin({ cpu: 0.3 });
    await accepted();
    await moving();
    const body = { team: 'checkout', name: 'other', spec };
    expect((await call(world, rita, 'POST', '/environments', body)).status).toBe(201);
    expect((await withdraw()).status).toBe(200);
    expect(await life()).toBe('stopped');
    expect((await lines()).at(-1)).toMatch(
      /it stays with team checkout: anna of team checkout withdrew it. It is not started: Team checkout has not enough left/,
    );
  });

  test('the new one is deleted: it runs again at the next look', async () => {
    await accepted();
    await moving();
    expect((await call(world, mia, 'DELETE', '/environments/billing/web')).status).toBe(202);
    world.clock.advance(61);
    await come();
    expect(await state()).toMatchObject({ state: 'over', why: 'new-deleted', movedAt: expect.any(String) });
    expect(await life()).toBe('running');
  });
});

test('while it moves nobody starts it, and it counts in both quotas as what it is', async () => {
  const held = async (key: EnvironmentKey) => (await world.store.ledger(key.team)).held[key.name];
  await accepted();
  expect([await held(web), await held(heir)]).toMatchObject([
    { storageGiB: 4, cpu: 0.25 },
    { storageGiB: 4, cpu: 0.25 },
  ]);
  await moving();
  expect([await held(web), await held(heir)]).toMatchObject([
    { storageGiB: 4, cpu: 0 },
    { storageGiB: 4, cpu: 0.25 },
  ]);
  const problem = await refused(world, rita, 'POST', '/environments/checkout/web/start');
  expect(problem).toMatchObject({ status: 409, title: 'It is going' });
});

test('what has a class without snapshots is refused with that reason, and so is what never ran', async () => {
  Object.assign(world.config, { clusters: config.clusters });
  const problem = await refused(world, anna, 'POST', path, { to: 'billing' });
  expect(problem).toMatchObject({ status: 409, title: 'It has a volume' });
  expect(problem.detail).toContain('class gp3 has no snapshots');
  Object.assign(world.config, { clusters });
  const body = { team: 'checkout', name: 'new', spec: { ...spec, volume: { sizeGiB: 1 } } };
  expect((await call(world, rita, 'POST', '/environments', body)).status).toBe(201);
  const early = await refused(world, anna, 'POST', '/environments/checkout/new/transfer', { to: 'billing' });
  expect(early.detail).toContain('nothing of it ran yet');
});

test('the old one deleted by hand takes its snapshot along for its own team: the new one is told that there is none', async () => {
  await accepted();
  await moving();
  await taken();
  expect((await call(world, rita, 'DELETE', '/environments/checkout/web')).status).toBe(202);
  await look(heir);
  expect(world.cluster.snapshotContents.names()).toEqual(['snapcontent-snap-1']);
});
