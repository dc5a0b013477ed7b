/** The main job as scenes, each ending in something seen. The demo plays them for a person, the e2e tests for CI. */
import { readFileSync } from 'node:fs';
import { ApiError, type EnvironmentAnswer, explain } from '../../api/client/client.ts';
import type { Access } from './access.ts';
import type { Person } from './people.ts';
import { get, type HttpAnswer, type Notice, notices, resolve, until } from './world.ts';

export type Answer = EnvironmentAnswer;

/** Old releases with known holes: the gate has something to say, and the fixed releases are there to be installed. */
export const demoSpec = {
  base: 'debian-12',
  packages: {
    pip: [{ name: 'werkzeug', version: '2.2.2' }],
    npm: [{ name: 'minimist', version: '1.2.5' }],
  },
  files: { 'app.py': readFileSync(new URL('./app.py', import.meta.url), 'utf8') },
  command: ['python3', 'app.py'],
  resources: { cpu: 0.1, memoryMiB: 128 },
};

/** @returns undefined where the environment was asked for before. */
export async function ask(person: Person, id: string): Promise<Answer | undefined> {
  const [team = '', name = ''] = id.split('/');
  try {
    return await person.client.create({ team, name, spec: demoSpec });
  } catch (error) {
    if (error instanceof ApiError && error.problem.title === 'It exists') return undefined;
    throw error;
  }
}

type Phase = Answer['environment']['candidate']['phase'];
const dead: readonly Phase[] = ['build-failed', 'blocked', 'refused'];

/** Waits for what `found` finds in an environment; ends early where nothing more can come. */
async function watch<T>(
  person: Person,
  id: string,
  what: string,
  seconds: number,
  found: (answer: Answer) => T | undefined,
): Promise<T> {
  let last: Answer | undefined;
  const seen = () =>
    last ? `it is ${last.phase}, after: ${last.history.at(-1)?.what}` : 'it was never read';
  const outcome = await until(
    what,
    seconds,
    async () => {
      last = await person.client.get(id);
      const value = found(last);
      if (value !== undefined) return { value };
      return dead.includes(last.environment.candidate.phase) ? { dead: last } : undefined;
    },
    seen,
  );
  if ('value' in outcome) return outcome.value;
  throw new Error(`${what} can't come: ${seen()}`);
}

/** The verdict that asked for a rebuild: why it blocks, and what would fix it, in words. */
export const blocked = (person: Person, id: string): Promise<string[]> =>
  watch(person, id, 'a verdict that blocks', 300, ({ environment, verdict }) => {
    if (verdict?.result !== 'block' || environment.candidate.phase !== 'building') return undefined;
    const fixes = environment.candidate.build.fixes.map((fix) => `${fix.package} ${fix.version}`);
    return [
      ...verdict.reasons.map((reason) => explain(reason, verdict.policyVersion)),
      `build ${environment.candidate.build.number} takes ${fixes.join(', ')}`,
    ];
  });

export const passed = (person: Person, id: string): Promise<string> =>
  watch(person, id, 'a verdict that passes', 300, ({ environment: { candidate } }) =>
    candidate.phase === 'awaiting-approval' ? candidate.image.digest : undefined,
  );

/** @returns the words of the refusal; throws when there is none. */
export async function refusedApproval(person: Person, id: string, digest: string): Promise<ApiError> {
  try {
    await person.client.approve(id, digest);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error(`${person.name} was let approve ${id}`);
}

export const ready = (person: Person, id: string): Promise<{ address: string; digest: string }> =>
  watch(person, id, 'Ready pods', 300, ({ environment: { release } }) =>
    release.phase === 'ready' ? { address: release.address, digest: release.digest } : undefined,
  );

export const served = (address: string, host?: string): Promise<HttpAnswer> =>
  until('an answer on port 80', 60, async () => {
    const answer = await get(address, host === undefined ? {} : { host });
    return answer.status === 200 ? answer : undefined;
  });

export async function named(
  access: Access,
  person: Person,
  id: string,
): Promise<{ name: string; addresses: string[] }> {
  const name = await watch(person, id, 'a name', 120, ({ environment }) => environment.dns?.name);
  const addresses = await until('an address of the name', 30, () => resolve(access.cloud, name));
  return { name, addresses };
}

/** The workload takes memory until it is killed: its own connection dies with it. One that starts again is waited for. */
export async function exceedMemory(address: string): Promise<void> {
  await served(address);
  try {
    await get(address, { path: '/eat', timeoutMs: 60_000 });
  } catch {
    return; // The process was killed while it answered: that is what was wanted.
  }
  throw new Error('the workload answered /eat: it was not killed');
}

export const paged = (access: Access, id: string, state: Notice['state'], seconds: number): Promise<Notice> =>
  until(`a page: ${state}`, seconds, async () =>
    (await notices(access.cloud, id)).find((notice) => notice.kind === 'oom' && notice.state === state),
  );
