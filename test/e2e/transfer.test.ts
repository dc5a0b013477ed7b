/** An environment goes to another team: offered by one, accepted by another, built and approved there, and the old one goes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EnvironmentKey, environmentId } from '#core/names.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { ApiError } from '../../api/client/client.ts';
import { access } from './cloud.ts';
import { comes } from './phases.ts';

const from = EnvironmentKey.parse({ team: 'checkout', name: `t-${Date.now().toString(36).slice(-6)}` });
const id = environmentId(from);
const to = 'billing';
const heir = `${to}/${from.name}`;

let alice: Person;
let bob: Person;
let ben: Person;
let mia: Person;

const statusOf = <T>(asked: Promise<T>, says: (answer: T) => string = () => 'done'): Promise<unknown> =>
  asked.then(says, (error: unknown) => (error instanceof ApiError ? error.problem.status : error));

const spec = {
  base: 'debian-12',
  command: [
    ...['/bin/sh', '-c'],
    'echo started >> /workspace/starts; exec python3 -m http.server 9000 --directory /workspace',
  ],
  volume: { sizeGiB: 1 },
  resources: { cpu: 0.05, memoryMiB: 64 },
};

/** As often as its command began, from the file on its volume. */
async function starts(person: Person, environment: string): Promise<number> {
  const { release } = (await person.client.get(environment)).environment;
  if (release.phase !== 'ready') throw new Error(release.phase);
  const url = `http://${release.address}/starts`;
  const text = await until(`${url} answers`, 30, () =>
    fetch(url, { signal: AbortSignal.timeout(3000) }).then(
      (answer) => (answer.ok ? answer.text() : undefined),
      () => undefined,
    ),
  );
  return text.trim().split('\n').length;
}

describe('a transfer', () => {
  beforeAll(async () => {
    [alice, bob] = await Promise.all([signIn(access, 'alice'), signIn(access, 'bob')]);
    [ben, mia] = await Promise.all([
      signIn(access, 'ben', ['billing-approvers', 'billing-members']),
      signIn(access, 'mia', ['billing-approvers', 'billing-members']),
    ]);
  });
  afterAll(async () => {
    for (const [person, each] of [
      [alice, id],
      [ben, heir],
    ] as const)
      await person.client.delete(each).catch((error: unknown) => {
        if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
      });
  });

  it('an environment is Ready, and offered', async () => {
    await alice.client.create({ ...from, spec });
    await comes(alice.client, id, 'awaiting-approval', 300);
    const { environment } = await alice.client.get(id);
    if (!('image' in environment.candidate)) throw new Error('no image');
    await bob.client.approve(id, environment.candidate.image.digest);
    await comes(alice.client, id, 'ready', 180);
    expect(await starts(alice, id)).toBe(1);
    expect(await statusOf(ben.client.transfers.offer(id, to))).toBe(403);
    const { transfer } = await bob.client.transfers.offer(id, to);
    expect(transfer).toMatchObject({ state: 'offered', offeredBy: 'bob' });
    await until(`${id} is in the list`, 20, async () => {
      const { transfers } = await mia.client.transfers.offeredTo(to);
      return transfers.find(({ successor }) => successor.name === from.name);
    });
    expect(await ben.client.transfers.offered(to, id)).toMatchObject({ verdict: { result: 'pass' } });
  });

  it('accepted by one of the other team, built and approved there; the old one stays until it is Ready', async () => {
    expect(await statusOf(alice.client.transfers.accept(to, id, 1))).toBe(403);
    await ben.client.transfers.accept(to, id, 1);
    expect(await statusOf(mia.client.transfers.accept(to, id, 1))).toBe(412);
    expect((await alice.client.get(id)).phase).toBe('ready');
    const { environment } = await comes(mia.client, heir, 'awaiting-approval', 300);
    if (!('image' in environment.candidate)) throw new Error('no image');
    expect(await statusOf(bob.client.approve(heir, environment.candidate.image.digest))).toBe(403);
    await mia.client.approve(heir, environment.candidate.image.digest);
    // The old one is stopped, a snapshot of its volume is taken, and the new one's is made from it.
    await comes(mia.client, heir, 'ready', 300);
    expect(await starts(mia, heir)).toBe(2);
  });

  it('then the old one is deleted, and each history says of the other', async () => {
    await until(`${id} is done`, 240, async () => {
      const { transfer } = await alice.client.transfers.get(id);
      return transfer.state === 'done' ? transfer : undefined;
    });
    const { history } = await mia.client.get(heir);
    expect(history.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        `asked for the environment, in place of ${id}`,
        expect.stringContaining(`the volume of ${id} is kept as ${from.name}-`),
        expect.stringContaining(`its volume was made from snapshot ${from.name}-`),
        `took the place of ${id}`,
      ]),
    );
    const steps = await alice.client.trace(id);
    expect(JSON.stringify(steps)).toContain(`${heir} is Ready in its place`);
    expect(JSON.stringify(steps)).toContain(`what is on its volume goes to ${heir}`);
    const kept = async (person: Person, team: string) =>
      (await person.client.snapshots.list(team)).snapshots.filter(({ of }) => of.name === from.name).length;
    expect([await kept(alice, from.team), await kept(mia, to)]).toEqual([1, 0]);
    // How a deletion goes on to its end, lifecycle.test.ts shows.
    expect(['deleting', 404]).toContain(await statusOf(alice.client.get(id), ({ phase }) => phase));
    expect((await mia.client.get(heir)).phase).toBe('ready');
  });
});
