/** What a team's quota relies upon in every table: of requests that come at once, no more is written than fits. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { writeHolding } from '#api/holding.ts';
import { ProblemError } from '#api/problem.ts';
import { Config } from '#core/config.ts';
import { Retryable } from '#core/errors.ts';
import { type EnvironmentKey, environmentId, TeamName } from '#core/names.ts';
import type { Chronicle, Directory, EnvironmentStore } from '#core/ports.ts';
import { config } from '../lambdas/stages.ts';
import { contract, type Deviations } from './contract.ts';
import { keyOf, requested } from './samples.ts';

const atOnce = 50;
const places = 7;

export function quotaContract(
  name: string,
  make: () => EnvironmentStore & Directory & Chronicle,
  deviations: Deviations = {},
): void {
  contract(name, 'a quota', deviations, (test) => {
    test('fifty requests at once never hold more than it, and what they hold is what is there', async () => {
      const store = make();
      const team = TeamName.parse(`t${randomBytes(6).toString('hex')}`);
      const deps = { store, config: teamOf(team) };
      const keys = Array.from({ length: atOnce }, (_, i) => keyOf(team, `env${i}`));
      const ask = (key: EnvironmentKey) => writeHolding(deps, async () => requested({ key }), {});
      const outcomes = await Promise.allSettled(keys.map(ask));
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expect(isRefusal(outcome.reason), String(outcome.reason)).toBe(true);

      const there = await Promise.all(keys.map((key) => store.read(key)));
      const made = keys.filter((_, i) => there[i] !== undefined);
      const done = keys.filter((_, i) => outcomes[i]?.status === 'fulfilled');
      expect(made.map(environmentId)).toEqual(done.map(environmentId));
      expect(made.length).toBeGreaterThan(0);
      expect(made.length).toBeLessThanOrEqual(places);
      const { held } = await store.ledger(team);
      expect(Object.keys(held).sort()).toEqual(made.map((key) => key.name).sort());

      // Those that others came before each time ask again, one after the other: then it is full, and stays so.
      for (const key of keys.filter((each) => !made.includes(each))) await ask(key).catch(() => undefined);
      expect(Object.keys((await store.ledger(team)).held)).toHaveLength(places);
    });
  });
}

const teamOf = (name: string): Config =>
  Config.parse({
    ...config,
    teams: [{ name, members: 'members', approvers: 'approvers', quota: { environments: places } }],
    environments: [],
  });

/** Over the quota, or others came between each time: nothing else. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Retryable || (error instanceof ProblemError && error.problem.title === 'Over the quota');
