/** Sessions through the gate: when they are reported, with which end, and that none is told twice or lost unsaid. */
import { describe, expect, it, vi } from 'vitest';
import { reportedAtOnce, type SessionReports } from '#core/access-protocol.ts';
import type { SessionReport } from '#core/ssh-session.ts';
import { Reports } from '../../access/gate/reports.ts';
import { annas, gate, given, lines, open, questions, reported, reports, ritas } from './gates.ts';

describe('a session', () => {
  /** As sshd does: it is told of the key, and then it has let them in. */
  const login = async ({ fingerprint }: typeof annas) => {
    const opened = await open();
    await gate.keyFor(opened.port, fingerprint);
    gate.accepted(opened.port, fingerprint);
    return opened;
  };
  const leave = async ({ client }: Awaited<ReturnType<typeof open>>) => {
    client.destroy();
    await vi.waitFor(() => expect(gate.connections).toBe(0));
  };

  it('is reported when sshd has let it in, and at its end, under one id', async () => {
    const opened = await login(annas);
    await reports.tell();
    given.now = 5_000;
    await leave(opened);
    await reports.tell();
    const { connection, from } = reported[0] ?? {};
    const began = { connection, from, key: annas.id, beganAt: '2026-03-01T12:00:00.000Z' };
    expect(reported).toEqual([began, { ...began, end: { at: '2026-03-01T12:00:05.000Z', why: 'closed' } }]);
    expect(questions[0]?.login).toEqual({ connection, from });
  });

  it('is none by a good key alone, nor by one that was not told for it, nor twice', async () => {
    const opened = await open();
    await gate.keyFor(opened.port, annas.fingerprint);
    await reports.tell();
    gate.accepted(opened.port, ritas.fingerprint);
    gate.accepted(opened.port, 'SHA256:x');
    gate.accepted(1, annas.fingerprint);
    await reports.tell();
    expect(reported).toEqual([]);
    await gate.keyFor(opened.port, ritas.fingerprint);
    for (const { fingerprint } of [annas, ritas, annas]) gate.accepted(opened.port, fingerprint);
    await reports.tell();
    expect(reported.map(({ key }) => key)).toEqual([annas.id]);
  });

  it('that is over before the gate hears that sshd let it in is reported with its end', async () => {
    const opened = await open();
    await gate.keyFor(opened.port, annas.fingerprint);
    await leave(opened);
    expect(reports.waiting).toBe(0);
    gate.accepted(opened.port, annas.fingerprint);
    await reports.tell();
    expect(reported).toMatchObject([{ key: annas.id, end: { why: 'closed' } }]);
  });

  it('says why the gate ended it: a revoked key, the end of the pod', async () => {
    const [hers, his] = [await login(annas), await login(ritas)];
    given.good = [ritas];
    await gate.watch();
    await hers.closed;
    gate.close();
    await his.closed;
    await vi.waitFor(() => expect(gate.connections).toBe(0));
    await reports.tell();
    expect(reported.map(({ key, end }) => [key, end?.why])).toEqual([
      [annas.id, 'key revoked'],
      [ritas.id, 'pod ended'],
    ]);
  });

  it('is told again until it was taken, once in its newest state', async () => {
    const opened = await login(annas);
    given.away = true;
    await reports.tell();
    await leave(opened);
    for (let i = 0; i < 3; i += 1) await reports.tell();
    expect(lines.filter(([message]) => message === 'sessions are not recorded yet')).toHaveLength(1);
    given.away = false;
    await reports.tell();
    await reports.tell();
    expect(reported).toMatchObject([{ end: { why: 'closed' } }]);
    expect(reports.waiting).toBe(0);
  });

  it('whose end comes while its beginning is told is told once more', async () => {
    const beginning = {
      connection: 'a'.repeat(32),
      key: annas.id,
      from: '10.1.2.3:1',
      beganAt: '2026-03-01T12:00:00.000Z',
    };
    const end = { at: beginning.beganAt, why: 'closed' as const };
    const told: SessionReports[] = [];
    const slow = new Reports(
      {
        ask: () => Promise.reject(new Error('not asked')),
        report: async (all) => {
          told.push(all);
          if (told.length === 1) slow.add({ ...beginning, end });
        },
      },
      { info: () => undefined, warn: () => undefined, error: () => undefined },
    );
    slow.add(beginning);
    for (let i = 0; i < 3; i += 1) await slow.tell();
    expect(told).toEqual([{ sessions: [beginning] }, { sessions: [{ ...beginning, end }] }]);
  });

  it('of many is told in parts, and of too many the oldest is said to be lost', async () => {
    const one = (n: number): SessionReport => ({
      ...{ connection: n.toString(16).padStart(32, '0'), key: annas.id, from: '10.1.2.3:1' },
      beganAt: '2026-03-01T12:00:00.000Z',
    });
    for (let n = 0; n < 2_001; n += 1) reports.add(one(n));
    expect(reports.waiting).toBe(2_000);
    expect(lines).toMatchObject([['a session was not recorded', one(0)]]);
    await reports.tell();
    expect(reported).toHaveLength(reportedAtOnce);
    expect(reported[0]).toEqual(one(1));
  });
});
