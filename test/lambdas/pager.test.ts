import { expect, test } from 'vitest';
import { web } from '../contracts/samples.ts';
import { image } from './ways.ts';
import { look, told, World } from './world.ts';

const incident = {
  id: 'checkout/web/oom/2026-01-05T10:00:00.000Z',
  kind: 'oom',
  openedAt: '2026-01-05T10:00:00.000Z',
  lastSeenAt: '2026-01-05T10:00:00.000Z',
  summary: 'Container app of pod app-0 was killed.',
} as const;
const at = '2026-01-05T10:01:00.000Z';
const about = { environment: web, cluster: 'main', at } as const;

test.each([
  ['IncidentOpened', '[OPEN] checkout/web: oom', 'open'],
  ['IncidentRecovered', '[RECOVERED] checkout/web: oom', 'recovered'],
] as const)('%s becomes one notice', async (type, subject, state) => {
  const world = new World();
  await world.deliver('pager', told({ type, ...about, incident }));
  const { id, lastSeenAt: _, ...told_ } = incident;
  const body = { state, environment: 'checkout/web', cluster: 'main', incident: id, at, ...told_ };
  expect(world.pager.notices).toEqual([{ subject, body }]);
});

test('a notice that could not be sent comes again', async () => {
  const world = new World();
  const down = new Error('SNS is down');
  world.pager.tell = () => Promise.reject(down);
  await expect(world.deliver('pager', told({ type: 'IncidentOpened', ...about, incident }))).rejects.toBe(
    down,
  );
  expect(world.dead).toEqual([]);
});

test('what is no incident is refused', async () => {
  const world = new World();
  await world.deliver('pager', look());
  await world.deliver('pager', told({ type: 'ImagePassed', ...about, digest: image }));
  expect(world.dead.map(({ reason }) => reason)).toEqual([
    'The pager takes incidents, not look.',
    "The pager takes incidents, not ImagePassed: is a rule's pattern too wide?",
  ]);
});
