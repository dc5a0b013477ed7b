/** Waivers: one of security proposes, another approves, an image that was blocked passes with it, and no longer without it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addSeconds, EnvironmentKey, environmentId, Instant } from '#core/names.ts';
import { type Person, signIn } from '#local/demo/people.ts';
import { until } from '#local/demo/world.ts';
import { ApiError } from '../../api/client/client.ts';
import type { WaiverAnswer } from '../../api/client/waivers.ts';
import { access } from './cloud.ts';
import { comes as comesTo } from './phases.ts';
import { debian, distribution, push } from './push.ts';

const key = EnvironmentKey.parse({ team: 'checkout', name: `w-${Date.now().toString(36).slice(-6)}` });
const id = environmentId(key);
const { team } = key;

let alice: Person;
let bob: Person;
let sam: Person;
let sue: Person;

const comes = (phase: string, seconds: number) => comesTo(alice.client, id, phase, seconds);

const waiverOf = async (waiver: WaiverAnswer) =>
  (await alice.client.waivers.list(team)).waivers.find((each) => each.id === waiver.id);

const statusOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => 'done',
    (error: unknown) => (error instanceof ApiError ? error.problem.status : error),
  );

/** Serves on its port, and has one known hole. */
const serve = ['/bin/sh', '-c', 'exec busybox httpd -f -p 9000 -h /tmp'];
const busybox = readFileSync('/usr/bin/busybox');
const files = {
  ...debian,
  ...distribution('Werkzeug', '2.2.2'),
  'bin/busybox': busybox,
  'bin/sh': busybox,
};

describe('waivers', () => {
  let cve = '';
  let waiver: WaiverAnswer;
  const wish = () => ({
    cve,
    environment: key.name,
    reason: 'its debugger is never started here',
    expiresAt: addSeconds(Instant.parse(new Date().toISOString()), 3600),
  });

  beforeAll(async () => {
    [alice, bob] = await Promise.all([signIn(access, 'alice'), signIn(access, 'bob')]);
    [sam, sue] = await Promise.all([
      signIn(access, 'sam', ['getschwifty-security']),
      signIn(access, 'sue', ['getschwifty-security']),
    ]);
  });
  afterAll(async () => {
    await alice.client.delete(id).catch((error: unknown) => {
      if (!(error instanceof ApiError && [404, 409].includes(error.problem.status))) throw error;
    });
  });

  it('a finding blocks an image that was pushed', async () => {
    const spec = { base: 'debian-12', command: serve, resources: { cpu: 0.05, memoryMiB: 32 } };
    await alice.client.create({ ...key, spec });
    // Not before its own build, which would come after it and be the newest.
    await comes('awaiting-approval', 240);
    await push(`candidate/${id}`, 'hole', files, serve);
    const { verdict } = await comes('blocked', 60);
    expect(verdict).toMatchObject({ result: 'block', blocking: 1, waivers: [] });
    const [reason] = verdict?.reasons ?? [];
    if (!reason || !('finding' in reason)) throw new Error(`no finding, but ${JSON.stringify(reason)}`);
    cve = reason.finding.id;
  });

  it('members can not propose one, and nobody approves their own', async () => {
    expect(await statusOf(alice.client.waivers.propose(team, wish()))).toBe(403);
    waiver = await sam.client.waivers.propose(team, wish());
    expect(await statusOf(sam.client.waivers.approve(team, waiver.id, waiver.version))).toBe(403);
    expect(await waiverOf(waiver)).toEqual(waiver);
    expect((await alice.client.get(id)).phase).toBe('blocked');
  });

  it('once somebody else approved it, the image is judged again at once and passes by it', async () => {
    waiver = await sue.client.waivers.approve(team, waiver.id, waiver.version);
    expect(waiver).toMatchObject({ state: 'good', author: 'sam', approver: 'sue' });
    const { environment, verdict } = await comes('awaiting-approval', 60);
    expect(verdict).toMatchObject({ result: 'pass', waivers: [waiver.id] });
    expect(environment.candidate).toMatchObject({ basis: { waivers: [waiver.id] } });
  });

  it('once it is withdrawn, the image is blocked again and nobody can approve it', async () => {
    expect(await statusOf(sue.client.waivers.withdraw(team, waiver.id, 1))).toBe(412);
    waiver = await sue.client.waivers.withdraw(team, waiver.id, waiver.version);
    expect(waiver).toMatchObject({ state: 'withdrawn', withdrawnBy: 'sue' });
    const { environment, verdict } = await comes('blocked', 60);
    expect(verdict).toMatchObject({ result: 'block', waivers: [] });
    if (environment.candidate.phase !== 'blocked') throw new Error(environment.candidate.phase);
    expect(await statusOf(bob.client.approve(id, environment.candidate.image.digest))).toBe(409);
  });

  it('what was released with a waiver is an incident once that is withdrawn; it runs on, its approval is void', async () => {
    const { id: next, version } = await sam.client.waivers.propose(team, wish());
    waiver = await sue.client.waivers.approve(team, next, version);
    const { environment } = await comes('awaiting-approval', 60);
    if (environment.candidate.phase !== 'awaiting-approval') throw new Error(environment.candidate.phase);
    await bob.client.approve(id, environment.candidate.image.digest);
    await comes('ready', 180);
    await sam.client.waivers.withdraw(team, next, waiver.version);
    await until('its incident', 60, async () => {
      const { incidents, release, candidate } = (await alice.client.get(id)).environment;
      if (incidents.length === 0) return undefined;
      expect(incidents).toMatchObject([{ kind: 'vulnerable' }]);
      expect([candidate.phase, release.phase]).toEqual(['blocked', 'ready']);
      return incidents;
    });
  });
});
