/** What every environment store must do; run against memory, and against the table of the local cloud. */
import { beforeEach, expect } from 'vitest';
import { buildFailed, buildStarted } from '#core/build.ts';
import type { Environment } from '#core/environment.ts';
import { Conflict, Rejected } from '#core/errors.ts';
import { addSeconds, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { Chronicle, Directory, EnvironmentStore, Failures, Outbox } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';
import { digestOf, keyOf, mustChange, requested, spec, start, verdict } from './samples.ts';
import { all, newKey, soon } from './stores.ts';

const started = (id: string) => ({ number: 1, id, content: 'c-1' });

/** 90 KB: DynamoDB answers with a megabyte at most. */
const heavy = { 'a.txt': 'x'.repeat(30_000), 'b.txt': 'y'.repeat(30_000), 'c.txt': 'z'.repeat(30_000) };

type Store = EnvironmentStore & Directory & Outbox & Chronicle & Failures;

export function storeContract(name: string, make: () => Store, deviations: Deviations = {}): void {
  contract(name, 'the store', deviations, (test) => {
    let store: Store;
    let key: EnvironmentKey;
    beforeEach(() => {
      store = make();
      key = newKey();
    });
    const isOurs = ({ environment }: { environment: EnvironmentKey }) =>
      environmentId(environment) === environmentId(key);
    const dueAt = async (seconds: number) =>
      (await store.due(addSeconds(start, seconds), all)).environments.filter((e) =>
        isOurs({ environment: e.key }),
      );
    const stored = async (): Promise<Environment> => {
      const environment = await store.read(key);
      if (!environment) throw new Error('nothing is stored');
      return environment;
    };

    test('what was never written is not there', async () => {
      expect(await store.read(key)).toBeUndefined();
      expect(await store.verdict(key, digestOf('image'))).toBeUndefined();
      expect(await store.audit(key, 10)).toEqual([]);
    });

    test('an environment comes back as it was written, with its audit line', async () => {
      const change = requested({ key });
      await store.write(change);
      expect(await store.read(key)).toEqual(change.environment);
      expect(await store.audit(key, 10)).toEqual([change.audit]);
    });

    test('the first of two writers wins, the other is told and nothing of its change is kept', async () => {
      await store.write(requested({ key }));
      const before = await stored();
      await store.write(mustChange(buildStarted(before, started('first'), addSeconds(start, 1))));
      const late = mustChange(buildStarted(before, started('second'), addSeconds(start, 2)));
      const enclosed = { verdict: verdict({ decidedAt: late.at }) };
      await expect(store.write(late, enclosed)).rejects.toThrow(Conflict);
      await expect(store.write(late)).rejects.toThrow(/is no longer at version 1: somebody else wrote first/);
      expect((await stored()).candidate).toMatchObject({ build: { id: 'first' } });
      expect(await store.audit(key, 10)).toHaveLength(2);
      expect(await store.verdict(key, enclosed.verdict.digest)).toBeUndefined();
    });

    test('an environment is asked for once', async () => {
      await store.write(requested({ key }));
      await expect(store.write(requested({ key, requester: 'somebody' }))).rejects.toThrow(Conflict);
      expect((await stored()).requester).toBe('rita');
    });

    test('a change of what is not there is a conflict', async () => {
      const change = mustChange(buildStarted(requested({ key }).environment, started('id'), start));
      await expect(store.write(change)).rejects.toThrow(Conflict);
      expect(await store.read(key)).toBeUndefined();
    });

    test('of writers at the same instant one wins', async () => {
      await store.write(requested({ key }));
      const before = await stored();
      const writes = ['a', 'b', 'c', 'd'].map((id) =>
        store.write(mustChange(buildStarted(before, started(id), start))),
      );
      const ends = (await Promise.allSettled(writes)).map(({ status }) => status);
      expect(ends.filter((status) => status === 'fulfilled')).toHaveLength(1);
      expect((await stored()).version).toBe(2);
    });

    test('the audit gives its last lines, oldest first', async () => {
      await store.write(requested({ key }));
      await store.write(mustChange(buildStarted(await stored(), started('id'), addSeconds(start, 1))));
      await store.write(mustChange(buildFailed(await stored(), 'id', 'it broke', addSeconds(start, 2))));
      const lines = (await store.audit(key, 2)).map(({ what }) => what);
      expect(lines).toEqual(['started build 1', 'build 1 failed: it broke']);
    });

    test('a verdict is kept, an older one does not replace it', async () => {
      const digest = digestOf('image');
      const newer = verdict({ result: 'block', decidedAt: addSeconds(start, 10) });
      await store.keepVerdict(key, newer);
      await store.keepVerdict(key, verdict({ decidedAt: start }));
      expect(await store.verdict(key, digest)).toMatchObject({ result: 'block' });
      await store.keepVerdict(key, verdict({ decidedAt: addSeconds(start, 20) }));
      expect(await store.verdict(key, digest)).toMatchObject({ result: 'pass' });
      expect(await store.verdict(key, digestOf('another'))).toBeUndefined();
    });

    test('what is enclosed is written with the change', async () => {
      const enclosed = verdict();
      const approval = { digest: enclosed.digest, approver: 'anna', at: start };
      await store.write(requested({ key }), { verdict: enclosed, approval });
      expect(await store.verdict(key, enclosed.digest)).toEqual(enclosed);
    });

    test('a change whose verdict is older than the stored one is a conflict, and nothing of it is kept', async () => {
      await store.keepVerdict(key, verdict({ result: 'block', decidedAt: addSeconds(start, 10) }));
      const older = store.write(requested({ key }), { verdict: verdict({ decidedAt: start }) });
      await expect(older).rejects.toThrow(
        new Conflict(`A newer verdict on an image of ${environmentId(key)} is stored.`),
      );
      expect(await store.read(key)).toBeUndefined();
      expect(await store.verdict(key, digestOf('image'))).toMatchObject({ result: 'block' });
    });

    test('what a team holds is written with a change, or neither is; of two that read the same one is told', async () => {
      const team = keyOf(`l${key.name.replaceAll('-', '')}`.slice(0, 24), 'xx').team;
      const ask = (name: string) => requested({ key: { team, name: keyOf(team, name).name } });
      expect(await store.ledger(team)).toEqual({ team, version: 0, held: {} });
      const first = {
        team,
        version: 1,
        held: { one: { cpu: 0.1, memoryMiB: 1, gpu: 0, environments: 1, storageGiB: 3 } },
      };
      await store.write(ask('one'), { ledger: first });
      expect(await store.ledger(team)).toEqual(first);
      const late = store.write(ask('two'), { ledger: first });
      await expect(late).rejects.toThrow(new Conflict(`What team ${team} holds changed meanwhile.`));
      expect(await store.read(ask('two').environment.key)).toBeUndefined();
      expect(await store.ledger(team)).toEqual(first);
    });

    test('a team lists its environments by name, page by page, without what is large', async () => {
      const { team } = keyOf(`t${key.name.replaceAll('-', '')}`.slice(0, 24), 'xx');
      const names = ['one', 'three', 'two'].map((name) => keyOf(team, name).name);
      for (const name of [...names].reverse())
        await store.write(requested({ key: { team, name }, spec: { ...spec, files: heavy } }));
      await store.write(requested({ key }));
      await soon(async () => expect((await store.list(team, undefined, all)).listed).toHaveLength(3));
      const { listed, more } = await store.list(team, undefined, 2);
      expect(more).toBe(true);
      expect(listed.map((one) => one.key.name)).toEqual(names.slice(0, 2));
      const { spec: _spec, ...environment } = requested({
        key: { team, name: names[0] ?? key.name },
      }).environment;
      const { asks, ...shown } = listed[0] ?? {};
      expect(environment).toMatchObject(shown);
      expect(asks).toEqual({ cpu: 0.25, memoryMiB: 256, gpu: 0, environments: 1, storageGiB: 0 });
      expect(listed[0]).not.toHaveProperty('spec');
      const rest = await store.list(team, names[1], 2);
      expect(rest.listed.map((one) => one.key.name)).toEqual(['two']);
      expect(rest.more).toBe(false);
    });

    test('an environment is due when its instant has come, and not without one', async () => {
      await store.write(requested({ key }));
      await soon(async () => expect(await dueAt(120)).toHaveLength(1));
      expect(await dueAt(119)).toEqual([]);
      await store.write(mustChange(buildStarted(await stored(), started('id'), start)));
      await store.write(mustChange(buildFailed(await stored(), 'id', 'it broke', start)));
      await soon(async () => expect(await dueAt(10_000)).toEqual([]));
    });

    test('what is due longest comes first', async () => {
      const later = key;
      await store.write(requested({ key: later }, addSeconds(start, 5)));
      const earlier = newKey();
      await store.write(requested({ key: earlier }, start));
      const ids = [environmentId(earlier), environmentId(later)];
      await soon(async () => {
        const due = (await store.due(addSeconds(start, 1000), all)).environments.map((e) =>
          environmentId(e.key),
        );
        expect(due.filter((id) => ids.includes(id))).toEqual(ids);
      });
    });

    test('more than a megabyte is given whole, in its order', async () => {
      const keys = Array.from({ length: 14 }, newKey);
      const spec = { ...requested().environment.spec, files: heavy };
      for (const [i, each] of keys.entries())
        await store.write(requested({ key: each, spec }, addSeconds(start, -5000 - i)));
      const ids = keys.map(environmentId).reverse();
      await soon(async () => {
        const { environments } = await store.due(addSeconds(start, -4000), all);
        const due = environments.map((e) => environmentId(e.key));
        expect(due.filter((id) => ids.includes(id))).toEqual(ids);
        expect((await store.due(addSeconds(start, -4000), 12)).environments).toHaveLength(12);
      });
      expect(await store.read(keys[0] ?? key)).toMatchObject({ spec: { files: heavy } });
    });

    test('what no item can hold is refused, with what to do', async () => {
      const spec = { ...requested().environment.spec, files: { 'a.txt': 'x'.repeat(500_000) } };
      await expect(store.write(requested({ key, spec }))).rejects.toThrow(Rejected);
      expect(await store.read(key)).toBeUndefined();
    });

    test('the steps of an environment are its changes with their events, page by page', async () => {
      const change = requested({ key, story: 'request-1' });
      await store.write(change);
      await store.write(mustChange(buildStarted(await stored(), started('id'), addSeconds(start, 1))));
      const failed = mustChange(buildFailed(await stored(), 'id', 'it broke', addSeconds(start, 2)));
      await store.write(failed, { verdict: verdict({ result: 'block', blocking: 2, decidedAt: failed.at }) });
      const [told] = change.events;
      const first = await store.steps(key, 0, 2);
      expect(first.steps).toEqual([
        { kind: 'change', version: 1, ...change.audit },
        { kind: 'event', version: 1, position: 0, at: start, event: told, story: 'request-1' },
        expect.objectContaining({ kind: 'change', version: 2, what: 'started build 1', story: 'request-1' }),
      ]);
      expect(first.next).toBe(2);
      const rest = await store.steps(key, 2, 2);
      expect(rest.steps).toEqual([
        expect.objectContaining({
          version: 3,
          verdict: { digest: digestOf('image'), result: 'block', blocking: 2, policyVersion: '1' },
        }),
      ]);
      expect((await store.steps(key, 3, 2)).steps).toEqual([]);
      const id = '0000000001-0';
      await store.settle({ environment: key, id }, addSeconds(start, 3));
      expect((await store.steps(key, 0, 10)).steps[1]).toMatchObject({ sentAt: addSeconds(start, 3) });
    });

    test('why a message failed is kept by its id, the last time alone', async () => {
      const id = `message-${key.name}`;
      const failure = { stage: 'deploy', attempt: 1, reason: 'no route', at: start };
      expect(await store.failure(id)).toBeUndefined();
      await store.keepFailure(id, failure);
      await store.keepFailure(id, { ...failure, attempt: 2 });
      expect(await store.failure(id)).toEqual({ ...failure, attempt: 2 });
    });

    test('no more is given than was asked for', async () => {
      await store.write(requested({ key }));
      await store.write(requested({ key: newKey() }));
      await soon(async () => {
        expect(await store.pending(addSeconds(start, 10), 1)).toHaveLength(1);
        expect((await store.due(addSeconds(start, 1000), 1)).environments).toHaveLength(1);
      });
    });
  });
}
