import { expect, test } from 'vitest';
import { change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Retryable } from '#core/errors.ts';
import type { Incident } from '#core/incident.ts';
import type { Instant } from '#core/names.ts';
import { web } from '../contracts/samples.ts';
import { building, image } from './ways.ts';
import { candidate, crashing, look, scanEvent, told, World } from './world.ts';

const incident: Incident = {
  id: 'checkout/web/oom/2026-01-05T10:00:00.000Z',
  kind: 'oom',
  openedAt: '2026-01-05T10:00:00.000Z',
  lastSeenAt: '2026-01-05T10:00:00.000Z',
  summary: 'Container app of pod app-0 was killed.',
};
type Type = 'IncidentOpened' | 'IncidentRecovered';
const about = (world: World) => ({ environment: web, cluster: 'main', at: world.clock.now() });
const event = (world: World, type: Type) => told({ type, ...about(world), incident });
const happens = (type: Type) => (environment: Environment, at: Instant) =>
  change(environment, {}, { at, actor: 'deploy', what: type, events: [{ type, incident }] });
const subjects = (world: World) => world.pager.notices.map(({ subject }) => subject);
const [open, recovered] = ['[OPEN] checkout/web: oom', '[RECOVERED] checkout/web: oom'];

async function opened(): Promise<World> {
  const world = await building();
  await world.decide(happens('IncidentOpened'));
  return world;
}

test('an incident becomes one notice, however often its event comes', async () => {
  const world = await opened();
  for (let i = 0; i < 3; i++) await world.deliver('pager', event(world, 'IncidentOpened'));
  const { id, lastSeenAt: _, ...rest } = incident;
  const at = world.clock.now();
  const body = { state: 'open', environment: 'checkout/web', cluster: 'main', incident: id, at, ...rest };
  expect(world.pager.notices).toEqual([{ subject: open, body }]);
  expect((await world.environment()).untold).toEqual([]);
  expect((await world.store.audit(web, 1))[0]).toMatchObject({
    actor: 'pager',
    what: 'told people of oom (open)',
  });
});

test('the recovery whose event comes first is told after the opening', async () => {
  const world = await opened();
  await world.decide(happens('IncidentRecovered'));
  await world.deliver('pager', event(world, 'IncidentRecovered'));
  await world.deliver('pager', event(world, 'IncidentOpened'));
  expect(subjects(world)).toEqual([open, recovered]);
});

test('both events were lost: two minutes later a look tells them', async () => {
  const world = await opened();
  world.bus.refuse = () => 'lost';
  await world.decide(happens('IncidentRecovered'));
  for (const entry of await world.store.pending(world.clock.now(), 100)) await world.store.settle(entry);
  await world.pass(181);
  expect(subjects(world)).toEqual([open, recovered]);
});

test('a notice that could not be sent comes again, and so do those behind it', async () => {
  const world = await opened();
  await world.decide(happens('IncidentRecovered'));
  const tell = world.pager.tell.bind(world.pager);
  const down = new Error('SNS is down');
  world.pager.tell = () => Promise.reject(down);
  await expect(world.deliver('pager', event(world, 'IncidentOpened'))).rejects.toBe(down);
  world.pager.tell = tell;
  await expect(world.deliver('pager', event(world, 'IncidentOpened'))).rejects.toThrow(Retryable);
  world.clock.advance(60);
  await world.deliver('pager', event(world, 'IncidentOpened'));
  expect(subjects(world)).toEqual([open, recovered]);
  expect(world.dead).toEqual([]);
});

test('two deliveries at once: one tells, the other comes again and finds it told', async () => {
  const world = await opened();
  const tell = world.pager.tell.bind(world.pager);
  let go: () => void = () => undefined;
  const ringing = new Promise<void>((resolve) => {
    world.pager.tell = async (notice) => {
      resolve();
      await new Promise<void>((resume) => {
        go = resume;
      });
      await tell(notice);
    };
  });
  const first = world.deliver('pager', event(world, 'IncidentOpened'));
  await ringing;
  await expect(world.deliver('pager', event(world, 'IncidentOpened'))).rejects.toThrow(
    /is being told by another invocation/,
  );
  go();
  await first;
  await world.deliver('pager', event(world, 'IncidentOpened'));
  expect(subjects(world)).toEqual([open]);
});

test.each(['before', 'after'] as const)('crashed %s the write: told once', async (when) => {
  const world = await opened();
  const store = crashing(world.store, when);
  await expect(world.deliver('pager', event(world, 'IncidentOpened'), { store })).rejects.toThrow('crashed');
  await world.deliver('pager', event(world, 'IncidentOpened'));
  expect(subjects(world)).toEqual([open]);
  expect((await world.environment()).untold).toEqual([]);
});

test('what is no incident is refused; of an environment that is gone there is nothing to tell', async () => {
  const world = new World();
  await world.deliver('pager', look());
  await world.deliver('pager', scanEvent(candidate, image));
  await world.deliver('pager', told({ type: 'ImagePassed', ...about(world), digest: image }));
  expect(subjects(world)).toEqual([]);
  expect(world.dead.map(({ reason }) => reason)).toEqual([
    'The pager takes incidents and looks, not image.',
    "The pager takes incidents, not ImagePassed: is a rule's pattern too wide?",
  ]);
});
