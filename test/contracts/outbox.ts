/** What the outbox of every environment store must do; run against memory, and against the table of the local cloud. */
import { beforeEach, expect } from 'vitest';
import { addSeconds, type EnvironmentKey, environmentId } from '#core/names.ts';
import type { EnvironmentStore, Outbox } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';
import { requested, start } from './samples.ts';
import { all, newKey, soon } from './stores.ts';

type Store = EnvironmentStore & Outbox;

export function outboxContract(name: string, make: () => Store, deviations: Deviations = {}): void {
  contract(name, 'the outbox', deviations, (test) => {
    let store: Store;
    let key: EnvironmentKey;
    beforeEach(() => {
      store = make();
      key = newKey();
    });
    const isOurs = ({ environment }: { environment: EnvironmentKey }) =>
      environmentId(environment) === environmentId(key);
    const pendingAt = async (seconds: number) =>
      (await store.pending(addSeconds(start, seconds), all)).filter(isOurs);

    test('events are pending until they are settled, settling twice is settling once', async () => {
      const change = requested({ key });
      await store.write(change);
      await soon(async () => expect(await pendingAt(0)).toHaveLength(1));
      expect(await pendingAt(-1)).toEqual([]);
      const [entry] = await pendingAt(0);
      if (!entry) throw new Error('nothing is pending');
      expect(entry.message).toEqual({ kind: 'event', event: change.events[0] });
      await store.settle(entry, addSeconds(start, 1));
      await store.settle(entry, addSeconds(start, 2));
      await soon(async () => expect(await pendingAt(10)).toEqual([]));
    });

    test('a look that is due before reconcile comes is pending with the events, in their order', async () => {
      await store.write({ ...requested({ key }), looks: [{ stage: 'build', delaySeconds: 5 }] });
      await soon(async () => expect(await pendingAt(0)).toHaveLength(2));
      const entries = [...(await pendingAt(0))].sort((a, b) => (a.id < b.id ? -1 : 1));
      expect(entries.map(({ message }) => message)).toMatchObject([
        { kind: 'event', event: { type: 'EnvironmentRequested' } },
        { kind: 'look', stage: 'build', cluster: 'main', delaySeconds: 5 },
      ]);
    });

    test('settling what is not there makes nothing', async () => {
      await store.write(requested({ key }));
      const [entry] = await soon(async () => {
        const entries = await pendingAt(0);
        expect(entries).toHaveLength(1);
        return entries;
      });
      if (!entry) throw new Error('nothing is pending');
      await store.settle({ ...entry, id: '0000000009-0' }, start);
      expect(await pendingAt(10_000)).toEqual([entry]);
    });

    test('an entry that is set aside is pending no more, is untold still, and is told once it is settled', async () => {
      await store.write(requested({ key }));
      await soon(async () => expect(await pendingAt(0)).toHaveLength(1));
      const [entry] = await pendingAt(0);
      if (!entry) throw new Error('nothing is pending');
      await store.setAside(entry, 'it is of another version', addSeconds(start, 1));
      await soon(async () => expect(await pendingAt(10)).toEqual([]));
      expect(await store.untold(entry)).toMatchObject({ environment: key, id: entry.id });
      await store.settle(entry, addSeconds(start, 2));
      expect(await store.untold(entry)).toBeUndefined();
      expect(await store.untold({ environment: key, id: '0000000099-0' })).toBeUndefined();
    });
  });
}
