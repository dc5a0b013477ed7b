/** Sessions: who it was is said by the team's keys, news comes in any order and twice, and ends the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySshSessions } from '#adapters/memory/ssh-sessions.ts';
import { EnvironmentKey } from '#core/names.ts';
import { type GoodKey, KeyId, revokeKey } from '#core/person-key.ts';
import {
  SessionPlace,
  SessionReport,
  type SshSession,
  sessionEnds,
  sessionOf,
  sessionPlace,
} from '#core/ssh-session.ts';

const environment = EnvironmentKey.parse({ team: 'checkout', name: 'web' });
const start = '2026-03-01T12:00:00.000Z';
const later = '2026-03-01T12:05:00.000Z';
const key: GoodKey = {
  ...{ state: 'good', version: 1, team: environment.team, id: KeyId.parse('k'.repeat(43)), person: 'anna' },
  ...{ type: 'ssh-ed25519', blob: 'AAAA', fingerprint: 'SHA256:x', comment: '', addedAt: start },
};
const report = (more: object = {}): SessionReport =>
  SessionReport.parse({
    ...{ connection: 'a'.repeat(32), key: key.id, from: '10.1.2.3:55000', beganAt: start },
    ...more,
  });

describe('a session', () => {
  it('is of whoever has the key, and open until its end is told', () => {
    expect(sessionOf(environment, report(), [key])).toMatchObject({
      state: 'open',
      person: 'anna',
      version: 1,
    });
    const ended = sessionOf(environment, report({ end: { at: later, why: 'closed' } }), [key]);
    expect(ended).toMatchObject({ state: 'ended', endedAt: later, why: 'closed', version: 2 });
    expect(ended).not.toHaveProperty('end');
  });

  it('is kept also where its key was revoked meanwhile: that may be why it ended', () => {
    const revoked = revokeKey({ key, person: 'anna', mayRevokeOthers: false, now: later });
    if (!('state' in revoked)) throw new Error(revoked.detail);
    const end = { at: later, why: 'key revoked' };
    expect(sessionOf(environment, report({ end }), [revoked])).toMatchObject({
      person: 'anna',
      ...{ why: end.why },
    });
  });

  it('by a key that the team never had is nobody’s', () => {
    expect(sessionOf(environment, report(), [])).toBeUndefined();
  });

  it('does not end before it began, whatever clocks say', () => {
    const end = { at: '2026-03-01T11:59:59.000Z', why: 'closed' };
    expect(sessionOf(environment, report({ end }), [key])).toMatchObject({ endedAt: start });
  });

  it.each([
    ['a second line', { from: '10.1.2.3:1\nforged' }],
    ['a carriage return', { from: '10.1.2.3:1\r' }],
    ['another key', { key: 'SHA256:x' }],
    ['no connection of a gate', { connection: '../x' }],
    ['a time of its own', { beganAt: 'yesterday' }],
    ['an unknown end', { end: { at: later, why: 'tired' } }],
    ['a person', { person: 'mallory' }],
  ])('with %s is no report', (_, more) => {
    expect(() => report(more)).toThrow();
  });
});

describe('what is kept', () => {
  const news = fc.record({
    connection: fc.integer({ min: 0, max: 3 }).map((n) => String(n).repeat(32)),
    end: fc.option(fc.constantFrom(...sessionEnds), { nil: undefined }),
  });

  it('is the same in whatever order and however often news comes, and an end stays', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(news, { maxLength: 12 }), async (told) => {
        const kept = new MemorySshSessions();
        const ends = new Map<string, string | undefined>();
        for (const { connection, end } of told) {
          const session = sessionOf(
            environment,
            report({ connection, ...(end && { end: { at: later, why: end } }) }),
            [key],
          );
          if (session) await kept.record(session);
          ends.set(connection, ends.get(connection) ?? end);
        }
        const { sessions } = await kept.list(environment, undefined, 100);
        const shown = sessions.map((it): [string, string | undefined] => [it.connection, whyOf(it)]);
        expect(new Map(shown)).toEqual(ends);
      }),
    );
  });

  it('has a place that a cursor may say', () => {
    expect(SessionPlace.parse(sessionPlace(report()))).toBe(`${start}/${'a'.repeat(32)}`);
  });
});

const whyOf = (session: SshSession) => (session.state === 'ended' ? session.why : undefined);
