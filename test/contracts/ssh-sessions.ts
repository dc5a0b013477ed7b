/** What every memory of sessions does: news once, an end for ever, and pages from the newest on. */
import { randomBytes } from 'node:crypto';
import { beforeEach, expect } from 'vitest';
import type { SshSessions } from '#core/access-ports.ts';
import { addSeconds, EnvironmentKey } from '#core/names.ts';
import { KeyId } from '#core/person-key.ts';
import type { SshSession } from '#core/ssh-session.ts';
import { contract, type Deviations } from './contract.ts';
import { start } from './samples.ts';

export function sshSessionsContract(
  name: string,
  make: () => SshSessions,
  deviations: Deviations = {},
): void {
  contract(name, 'who logged in', deviations, (test) => {
    let sessions: SshSessions;
    let environment: EnvironmentKey;
    beforeEach(() => {
      sessions = make();
      environment = EnvironmentKey.parse({ team: 'checkout', name: `s${randomBytes(6).toString('hex')}` });
    });
    const open = (seconds: number): Extract<SshSession, { state: 'open' }> => ({
      ...{ ...environment, state: 'open', version: 1, person: 'anna', key: KeyId.parse('k'.repeat(43)) },
      ...{ from: '10.1.2.3:55000', connection: randomBytes(16).toString('hex') },
      beganAt: addSeconds(start, seconds),
    });
    const ended = (session: ReturnType<typeof open>): SshSession => ({
      ...session,
      ...{ state: 'ended', version: 2, endedAt: addSeconds(session.beganAt, 60), why: 'closed' },
    });
    const listed = async () => (await sessions.list(environment, undefined, 10)).sessions;

    test('an environment that nobody logged in to has none', async () => {
      expect(await sessions.list(environment, undefined, 10)).toEqual({ sessions: [] });
    });

    test('one that began is kept once, as it was told first', async () => {
      const session = open(0);
      await sessions.record(session);
      await sessions.record({ ...session, from: 'elsewhere:1' });
      expect(await listed()).toEqual([session]);
    });

    test('its end is written over its beginning, once, and stays', async () => {
      const session = open(0);
      for (const news of [session, ended(session), { ...ended(session), why: 'no answer' as const }, session])
        await sessions.record(news);
      expect(await listed()).toEqual([ended(session)]);
    });

    test('an end without a beginning is kept too', async () => {
      const session = open(0);
      await sessions.record(ended(session));
      expect(await listed()).toEqual([ended(session)]);
    });

    test('pages go from the newest to the oldest, each one once, and the last says that it is', async () => {
      const all = [0, 1, 1, 2, 3].map(open);
      for (const session of all) await sessions.record(session);
      const found: SshSession[] = [];
      let before: string | undefined;
      do {
        const page = await sessions.list(environment, before, 2);
        found.push(...page.sessions);
        before = page.next;
      } while (before !== undefined && found.length < 10);
      expect(found.map(({ beganAt }) => beganAt)).toEqual(all.map(({ beganAt }) => beganAt).reverse());
      expect(new Set(found.map(({ connection }) => connection)).size).toBe(all.length);
    });

    test("another environment's are none of it", async () => {
      await sessions.record(open(0));
      const other = EnvironmentKey.parse({ ...environment, name: `${environment.name}x` });
      expect(await sessions.list(other, undefined, 10)).toEqual({ sessions: [] });
    });
  });
}
