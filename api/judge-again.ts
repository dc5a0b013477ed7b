/**
 * After a waiver turned, the environments that it may matter to are judged again at once. The gate comes by itself too, within
 * ten minutes for an image that waits and an hour for what runs: what is missed here is late, never lost.
 */
import { Conflict } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import type { EnvironmentKey, EnvironmentName, TeamName } from '#core/names.ts';
import type { ApiDeps } from './route.ts';

type Deps = Pick<ApiDeps, 'store' | 'clock'>;
interface Scope {
  readonly team: TeamName;
  /** Without it, all of the team. */
  readonly environment?: EnvironmentName | undefined;
}

const pageSize = 100;
/** Of one environment: each try is after somebody else's write. */
const mostTries = 5;

export async function judgeAgain(deps: Deps, { team, environment }: Scope): Promise<void> {
  if (environment) return ask(deps, { team, name: environment });
  let after: EnvironmentName | undefined;
  do {
    const { listed, more } = await deps.store.list(team, after, pageSize);
    await Promise.all(listed.map(({ key }) => ask(deps, key)));
    after = more ? listed.at(-1)?.key.name : undefined;
  } while (after !== undefined);
}

async function ask({ store, clock }: Deps, key: EnvironmentKey): Promise<void> {
  for (let tries = 1; ; tries++) {
    const decision = next(await store.read(key), { kind: 'waivers-turned' }, clock.now());
    if (decision.outcome !== 'changed') return;
    try {
      return await store.write(decision);
    } catch (error) {
      if (!(error instanceof Conflict) || tries === mostTries) throw error;
    }
  }
}
