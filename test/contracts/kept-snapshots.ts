/** What every memory of kept snapshots must do: they are written with environments, all of it or nothing, and are of one team. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect } from 'vitest';
import { change } from '#core/decision.ts';
import { Conflict } from '#core/errors.ts';
import { gone, type KeptSnapshot, kept, type Unwanted, usedBy, type Wanted } from '#core/kept-snapshot.ts';
import { addSeconds, type EnvironmentKey, TeamName } from '#core/names.ts';
import type { EnvironmentStore } from '#core/ports.ts';
import type { KeptSnapshots } from '#core/snapshot-ports.ts';
import { contract, type Deviations } from './contract.ts';
import { keyOf, requested, start } from './samples.ts';

export interface KeptSnapshotsWorld {
  readonly store: EnvironmentStore;
  readonly snapshots: KeptSnapshots;
}

export function keptSnapshotsContract(
  name: string,
  make: () => KeptSnapshotsWorld,
  deviations: Deviations = {},
): void {
  contract(name, 'kept snapshots', deviations, (test) => {
    let world: KeptSnapshotsWorld;
    let of: EnvironmentKey;
    beforeEach(() => {
      world = make();
      of = keyOf(`a${randomBytes(6).toString('hex')}`, 'web');
    });

    const snapshot = (seconds = 0): Wanted =>
      kept({
        of,
        cluster: 'main',
        volume: { sizeGiB: 10, class: 'gp3', access: 'ReadWriteOnce' },
        since: addSeconds(start, seconds),
        taken: {
          content: `snapcontent-${seconds}`,
          driver: 'ebs.csi.eks.amazonaws.com',
          handle: `snap-${seconds}`,
          sizeGiB: 10,
        },
      });
    /** With the next version of its environment. */
    async function write(...each: readonly KeptSnapshot[]) {
      for (const one of each) {
        const before = await world.store.read(of);
        const next = before ? change(before, {}, { at: start, actor: 'deploy' }) : requested({ key: of });
        await world.store.write(next, { snapshot: one });
      }
    }

    test('they come back as they were written, by name, and of their own team alone', async () => {
      const { snapshots } = world;
      expect(await snapshots.list(of.team)).toEqual([]);
      const [first, second] = [snapshot(), snapshot(60)];
      await write(second, first);
      expect(await snapshots.list(of.team)).toEqual([first, second]);
      expect(await snapshots.read(of.team, first.name)).toEqual(first);
      const other = TeamName.parse(`b${of.team.slice(1)}`);
      expect(await snapshots.read(other, first.name)).toBeUndefined();
      expect(await snapshots.list(other)).toEqual([]);
    });

    test('what is used is at its next version; who read the one before writes nothing', async () => {
      const { store, snapshots } = world;
      const first = snapshot();
      await write(first);
      const used = usedBy(first, of, start);
      await write(used);
      const before = await store.read(of);
      await expect(write(usedBy(first, of, start))).rejects.toBeInstanceOf(Conflict);
      expect(await store.read(of)).toEqual(before);
      expect(await snapshots.read(of.team, first.name)).toEqual(used);
    });

    test('of many who write the first at once one does', async () => {
      await world.store.write(requested({ key: of }));
      const outcomes = await Promise.allSettled([0, 1, 2, 3].map(() => write(snapshot())));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    test('what is unwanted is in the list until it is gone', async () => {
      const { snapshots } = world;
      const first = snapshot();
      const going: Unwanted = { ...first, state: 'unwanted', by: 'rita', since: start, version: 2 };
      await write(first, going);
      expect(await snapshots.list(of.team)).toEqual([going]);
      await write(gone(going));
      expect(await snapshots.list(of.team)).toEqual([]);
      expect((await snapshots.read(of.team, first.name))?.state).toBe('gone');
    });
  });
}
