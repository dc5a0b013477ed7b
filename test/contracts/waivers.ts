/** What every memory of waivers must do: each write names the version that it expects, and nothing is lost. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect } from 'vitest';
import { Conflict } from '#core/errors.ts';
import { addSeconds, TeamName } from '#core/names.ts';
import type { Waivers } from '#core/ports.ts';
import { approveWaiver, type KeptWaiver, propose, withdraw } from '#core/waiver.ts';
import { contract, type Deviations } from './contract.ts';
import { start } from './samples.ts';

export function waiversContract(name: string, make: () => Waivers, deviations: Deviations = {}): void {
  contract(name, 'waivers', deviations, (test) => {
    let waivers: Waivers;
    let team: TeamName;
    beforeEach(() => {
      waivers = make();
      team = TeamName.parse(`t${randomBytes(6).toString('hex')}`);
    });

    test('they come back as they were written, of their own team alone', async () => {
      const [mine, other] = [proposed(team), proposed(TeamName.parse(`${team}x`))];
      const approved = good(proposed(team));
      for (const waiver of [mine, other, { ...approved, version: 1 }]) await waivers.write(waiver);
      const found = await waivers.list(team);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining([mine, { ...approved, version: 1 }]));
    });

    test('one of the age of a release comes back as it was written', async () => {
      const { cve: _, ...rest } = proposed(team);
      const young = { ...rest, package: { manager: 'npm' as const, name: '@acme/x', version: '1.0.0-rc.1' } };
      await waivers.write(young);
      expect(await waivers.list(team)).toEqual([young]);
    });

    test('of many who write one version at once one does', async () => {
      const waiver = proposed(team);
      const many = async (each: KeptWaiver) =>
        (await Promise.allSettled([0, 1, 2, 3].map(() => waivers.write(each)))).filter((outcome) => {
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Conflict);
          return outcome.status === 'fulfilled';
        });
      expect(await many(waiver)).toHaveLength(1);
      expect(await many(good(waiver))).toHaveLength(1);
    });

    test('what was withdrawn stays, and is not written over', async () => {
      const approved = good(proposed(team));
      const withdrawn = withdraw(approved, 'sue', start);
      await waivers.write(proposed(team));
      await expect(waivers.write(approved)).rejects.toBeInstanceOf(Conflict);
      const first = { ...approved, version: 1 };
      await waivers.write(first);
      await waivers.write({ ...withdrawn, version: 2 });
      await expect(waivers.write(first)).rejects.toBeInstanceOf(Conflict);
      expect(await waivers.list(team)).toContainEqual({ ...withdrawn, version: 2 });
    });
  });
}

function proposed(team: TeamName): KeptWaiver {
  const wish = { cve: 'CVE-2024-1', reason: 'it is not reachable', expiresAt: addSeconds(start, 3600) };
  const id = `api-${randomBytes(8).toString('hex')}`;
  const waiver = propose({ id, team, wish, person: 'sam', now: start });
  if ('outcome' in waiver) throw new Error(waiver.detail);
  return waiver;
}

function good(waiver: KeptWaiver): KeptWaiver {
  const approved = approveWaiver(waiver, 'sue', start);
  if ('outcome' in approved) throw new Error(approved.detail);
  return approved;
}
