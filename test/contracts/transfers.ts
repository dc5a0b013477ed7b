/** What every memory of transfers must do: it is written with the environments that it is of, all of it or nothing. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect } from 'vitest';
import { change } from '#core/decision.ts';
import { Conflict } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { addSeconds, type EnvironmentKey, TeamName } from '#core/names.ts';
import type { EnvironmentStore } from '#core/ports.ts';
import { emptyLedger, type Ledger } from '#core/quota.ts';
import type { Transfer } from '#core/transfer/item.ts';
import type { Transfers } from '#core/transfer/ports.ts';
import { accept, giveUp, offer } from '#core/transfer/transfer.ts';
import { contract, type Deviations } from './contract.ts';
import { keyOf, mustChange, requested, start } from './samples.ts';

export interface TransfersWorld {
  readonly store: EnvironmentStore;
  readonly transfers: Transfers;
}

export function transfersContract(
  name: string,
  make: () => TransfersWorld,
  deviations: Deviations = {},
): void {
  contract(name, 'transfers', deviations, (test) => {
    let world: TransfersWorld;
    let from: EnvironmentKey;
    let to: TeamName;
    beforeEach(() => {
      world = make();
      const unique = randomBytes(6).toString('hex');
      from = keyOf(`a${unique}`, 'web');
      to = TeamName.parse(`b${unique}`);
    });

    /** An environment that is there, and offered. */
    async function offered(): Promise<Transfer> {
      const { store } = world;
      await store.write(requested({ key: from }));
      const environment = await there(store, from);
      const transfer = must(offer({ environment, to, person: 'ann', before: undefined, now: start }));
      await store.write(mustChange(next(environment, { kind: 'handed', transfer }, start)), { transfer });
      return transfer;
    }

    /** What accepting writes. */
    async function taken(transfer: Transfer) {
      const now = addSeconds(start, 60);
      const accepted = must(accept(transfer, 'ben', now));
      const key = { team: to, name: from.name };
      const environment = await there(world.store, from);
      const also = mustChange(next(environment, { kind: 'handed', transfer: accepted }, now));
      const ledger: Ledger = { ...emptyLedger(to), version: 1 };
      return {
        key,
        accepted,
        made: requested({ key, from }, now),
        enclosed: { transfer: accepted, also, ledger },
      };
    }

    test('it comes back as it was written, and is in the list of the team that it goes to, while it is open', async () => {
      const { store, transfers } = world;
      expect(await transfers.read(from)).toBeUndefined();
      const transfer = await offered();
      expect(await transfers.read(from)).toEqual(transfer);
      expect(await transfers.offeredTo(to)).toEqual([transfer]);
      expect(await transfers.offeredTo(from.team)).toEqual([]);
      const over = must(giveUp(transfer, { why: 'refused', person: 'ben', now: start }));
      const decision = next(await there(store, from), { kind: 'handed', transfer: over }, start);
      await store.write(mustChange(decision), { transfer: over });
      expect(await transfers.read(from)).toEqual(over);
      expect(await transfers.offeredTo(to)).toEqual([]);
    });

    test('both environments, their lines, the ledger and the item are written together', async () => {
      const { store, transfers } = world;
      const { key, accepted, made, enclosed } = await taken(await offered());
      await store.write(made, enclosed);
      expect(await transfers.read(from)).toEqual(accepted);
      expect(await transfers.offeredTo(to)).toEqual([accepted]);
      expect(await there(store, key)).toEqual(made.environment);
      expect((await there(store, from)).leaving?.state).toBe('accepted');
      expect((await store.ledger(to)).version).toBe(1);
      expect((await store.audit(from, 9)).at(-1)?.what).toContain('accepted it');
      expect((await store.audit(key, 9)).map(({ what }) => what)).toEqual([made.audit?.what]);
    });

    test('where the other environment turned meanwhile, nothing is written', async () => {
      const { store, transfers } = world;
      const transfer = await offered();
      const { key, made, enclosed } = await taken(transfer);
      await store.write(change(await there(store, from), {}, { at: start, actor: 'deploy' }));
      await expect(store.write(made, enclosed)).rejects.toBeInstanceOf(Conflict);
      expect(await store.read(key)).toBeUndefined();
      expect(await transfers.read(from)).toEqual(transfer);
      expect((await store.ledger(to)).version).toBe(0);
      expect(await store.audit(key, 9)).toEqual([]);
    });

    test('where the item turned meanwhile, nothing is written', async () => {
      const { store, transfers } = world;
      const { key, made, enclosed } = await taken(await offered());
      const before = await there(store, from);
      const newer = { ...enclosed.transfer, version: enclosed.transfer.version + 1 };
      await expect(store.write(made, { ...enclosed, transfer: newer })).rejects.toThrow('The transfer of');
      expect(await store.read(key)).toBeUndefined();
      expect(await there(store, from)).toEqual(before);
      expect((await transfers.read(from))?.state).toBe('offered');
    });

    test('of many who accept at once one does', async () => {
      const { store } = world;
      const { made, enclosed } = await taken(await offered());
      const outcomes = await Promise.allSettled([0, 1, 2, 3].map(() => store.write(made, enclosed)));
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Conflict);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });
  });
}

async function there(store: EnvironmentStore, key: EnvironmentKey) {
  const environment = await store.read(key);
  if (!environment) throw new Error('there is no such environment');
  return environment;
}

function must(moved: ReturnType<typeof offer>): Transfer {
  if ('outcome' in moved) throw new Error(moved.detail);
  return moved;
}
