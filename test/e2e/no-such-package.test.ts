/** Who asks for a package that does not exist is told which, of which manager, where it stands in the spec, and what to do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EnvironmentKey, environmentId } from '#core/names.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { ApiError } from '../../api/client/client.ts';
import { access } from './cloud.ts';
import { comes } from './phases.ts';

const run = Date.now().toString(36).slice(-6);
const made: string[] = [];
let alice: Person;

beforeAll(async () => {
  alice = await signIn(access, 'alice');
});
afterAll(async () => {
  for (const id of made)
    await alice.client.delete(id).catch((error: unknown) => {
      if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
    });
});

const missing = `nosuch-${run}x`;
const name = 'Correct its name, or take it out of the spec.';
const young =
  ' Releases of DAY and later are too young to be taken (builds.minimumAgeDays): ask for an older one, or for a waiver of its age.';

test.each([
  [
    'apt',
    { apt: [{ name: 'jq', version: '99.9' }, { name: missing }] },
    `apt found no version 99.9 of jq (spec.packages.apt.0); apt found no package ${missing} (spec.packages.apt.1). Ask for a version that apt has, or for none. ${name}`,
  ],
  [
    'pip',
    { pip: [{ name: missing }] },
    `pip found no package ${missing} (spec.packages.pip.0). ${name}${young}`,
  ],
  [
    'npm',
    { npm: [{ name: missing }] },
    `npm found no package ${missing} (spec.packages.npm.0). ${name}${young}`,
  ],
])('%s says what it did not find', async (kind, packages, reason) => {
  const key = EnvironmentKey.parse({ team: 'checkout', name: `none-${kind}-${run}` });
  const id = environmentId(key);
  await alice.client.create({
    ...key,
    spec: { base: 'debian-12', packages, command: ['sleep', '1'], resources: { cpu: 0.05, memoryMiB: 32 } },
  });
  made.push(id);
  const { environment, history } = await comes(alice.client, id, 'build-failed', 540);
  const told = environment.candidate.phase === 'build-failed' ? environment.candidate.reason : '';
  expect(told.replace(/\d{4}-\d\d-\d\d/, 'DAY')).toBe(reason);
  expect(history.at(-1)?.what).toBe(`build 1 failed: ${told}`);
});
