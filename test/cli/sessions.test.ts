/** `schwifty env sessions`, in words. */
import { expect, test } from 'vitest';
import { sessionsText } from '../../cli/sessions.ts';

const session = {
  ...{ connection: 'a'.repeat(32), person: 'anna', key: 'k'.repeat(43), from: '10.1.2.3:55000' },
  ...{ beganAt: '2026-07-01T10:00:00.000Z', state: 'open' as const },
};

test('a session says who, when, from where, and how it ended', () => {
  const ended = {
    ...{ ...session, state: 'ended' as const },
    ...{ endedAt: '2026-07-01T10:12:30.000Z', why: 'key revoked' as const },
  };
  expect(sessionsText('checkout/web', [ended, session]).split('\n')).toEqual([
    `2026-07-01T10:00:00.000Z  anna  from 10.1.2.3:55000  key revoked after 12 m 30 s  key ${session.key}`,
    `2026-07-01T10:00:00.000Z  anna  from 10.1.2.3:55000  no end is known  key ${session.key}`,
  ]);
  expect(sessionsText('checkout/web', [])).toBe('Nobody has logged in to checkout/web.');
});
