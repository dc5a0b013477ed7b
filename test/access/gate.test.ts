/** The gate between real sockets: what it passes on, what it answers, what it ends; the SSH server is one that says back. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withFingerprint } from '#api/fingerprint.ts';
import {
  type KeysAnswer,
  type KeysQuestion,
  reportedAtOnce,
  type SessionReports,
} from '#core/access-protocol.ts';
import { unansweredMs, unansweredWords } from '#core/gate.ts';
import { KeyId } from '#core/person-key.ts';
import { PublicKeyLine } from '#core/ssh-key.ts';
import type { SessionReport } from '#core/ssh-session.ts';
import { Gate } from '../../access/gate/gate.ts';
import { Reports } from '../../access/gate/reports.ts';
import { ed25519Line } from '../core/ssh-keys.ts';

const keyOf = (seed: number, person: string) => {
  const key = withFingerprint(PublicKeyLine.parse(ed25519Line(Buffer.alloc(32, seed))));
  const id = KeyId.parse(key.fingerprint.slice(7).replaceAll('+', '-').replaceAll('/', '_'));
  return { id, person, type: key.type, blob: key.blob, fingerprint: key.fingerprint };
};
const annas = keyOf(1, 'anna');
const ritas = keyOf(2, 'rita');

let good: ReturnType<typeof keyOf>[];
let away: boolean;
let now: number;
let questions: KeysQuestion[];
let lines: [string, unknown][];
let reported: SessionReport[];
let reports: Reports;
let gate: Gate;
let sshd: Server;
let outside: Server;
/** What the server sees of each connection. */
let seen: Socket[];
const clients: Socket[] = [];

const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};
const listening = async (server: Server) => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

beforeEach(async () => {
  [good, away, now, questions, lines, seen] = [[annas, ritas], false, 0, [], [], []];
  reported = [];
  sshd = await listening(
    createServer((socket) => {
      seen.push(socket);
      socket.on('error', () => undefined);
      socket.pipe(socket);
    }),
  );
  const ask = async (question: KeysQuestion): Promise<KeysAnswer> => {
    questions.push(question);
    if (away) throw new Error('no answer');
    const keys = good.filter(({ id }) => question.keys.includes(id));
    return { environment: 'checkout/web', keys, at: '2026-03-01T12:00:00.000Z' };
  };
  const write = (message: string, ...more: unknown[]) => void lines.push([message, more.at(-1)]);
  const log = { info: write, warn: write, error: write };
  const report = async ({ sessions }: SessionReports) => {
    if (away) throw new Error('no answer');
    reported.push(...sessions);
  };
  reports = new Reports({ ask, report }, log);
  gate = new Gate({
    access: { ask, report },
    reports,
    connect: () => connect(portOf(sshd), '127.0.0.1'),
    now: () => now,
    clock: () => new Date(Date.parse('2026-03-01T12:00:00.000Z') + now),
    log,
  });
  outside = await listening(createServer((client) => gate.accept(client)));
});
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  gate.close();
  outside.close();
  sshd.close();
});

async function open(): Promise<{ client: Socket; port: number; closed: Promise<unknown> }> {
  const before = seen.length;
  const client = connect(portOf(outside), '127.0.0.1');
  clients.push(client);
  client.on('error', () => undefined);
  const closed = new Promise((resolve) => client.once('close', resolve));
  client.write('SSH-2.0-test\r\n');
  await once(client, 'data');
  const port = seen[before]?.remotePort;
  if (port === undefined) throw new Error('the server saw nobody');
  return { client, port, closed };
}
const says = async (client: Socket, words: string) => {
  client.write(words);
  expect(String((await once(client, 'data'))[0])).toBe(words);
};

describe('a connection', () => {
  it('is passed on, both ways, and ends with its server', async () => {
    const { client, closed } = await open();
    await says(client, 'there and back');
    seen[0]?.end();
    await closed;
    await vi.waitFor(() => expect(gate.connections).toBe(0));
  });

  it('that says nothing and goes, as a probe does, never troubles the server', async () => {
    const client = connect(portOf(outside), '127.0.0.1');
    await once(client, 'connect');
    client.end();
    await once(client.resume(), 'close');
    await vi.waitFor(() => expect(gate.connections).toBe(0));
    expect(seen).toHaveLength(0);
  });

  it('of one more than there may be takes the place of who waits longest without a login', async () => {
    const first = await open();
    await gate.keyFor(first.port, annas.fingerprint);
    const second = await open();
    await Promise.all(Array.from({ length: 62 }, open));
    const late = await open();
    await second.closed;
    expect(gate.connections).toBe(64);
    await says(first.client, 'still in');
    await says(late.client, 'in');
  });

  it('is not taken where all others are sessions', async () => {
    const all: Awaited<ReturnType<typeof open>>[] = [];
    for (let i = 0; i < 64; i++) all.push(await open());
    for (const { port } of all) await gate.keyFor(port, annas.fingerprint);
    const late = connect(portOf(outside), '127.0.0.1');
    clients.push(late);
    late.on('error', () => undefined);
    await new Promise((resolve) => late.once('close', resolve));
    expect(gate.connections).toBe(64);
    all[0]?.client.destroy();
    await vi.waitFor(() => expect(gate.connections).toBe(63));
    await open();
  });

  it('without a login ends, also where it knows how to be busy', async () => {
    const { client, closed } = await open();
    now = 40_001;
    await says(client, 'busy');
    await gate.watch();
    await closed;
  });
});

describe('a key', () => {
  it('that is good is told for its own connection, as a line without an option', async () => {
    const { port } = await open();
    expect(await gate.keyFor(port, annas.fingerprint)).toBe(`${annas.type} ${annas.blob}\n`);
    expect(questions).toEqual([
      {
        keys: [annas.id],
        login: {
          from: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
          connection: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
      },
    ]);
  });

  it.each([
    ['one that nobody has', keyOf(3, 'x').fingerprint],
    ['no fingerprint', 'SHA256:x'],
    ['another digest', `MD5:${'0'.repeat(43)}`],
  ])('is not told for %s', async (_, fingerprint) => {
    const { port } = await open();
    expect(await gate.keyFor(port, fingerprint)).toBe('');
  });

  it('is not told for a connection that is none, or has gone', async () => {
    const { port, client } = await open();
    client.destroy();
    await vi.waitFor(() => expect(gate.connections).toBe(0));
    await vi.waitFor(async () => expect(await gate.keyFor(port, annas.fingerprint)).toBe(''));
    expect(await gate.keyFor(1, annas.fingerprint)).toBe('');
  });

  it('without an answer is a no', async () => {
    const { port } = await open();
    away = true;
    await expect(gate.keyFor(port, annas.fingerprint)).rejects.toThrow('no answer');
  });
});

describe('when a key is revoked', () => {
  it('its connections end at the next round, and are told of; others go on', async () => {
    const [hers, his] = [await open(), await open()];
    await gate.keyFor(hers.port, annas.fingerprint);
    await gate.keyFor(his.port, ritas.fingerprint);
    await gate.watch();
    await says(hers.client, 'in');
    good = [ritas];
    await gate.watch();
    await hers.closed;
    await says(his.client, 'still in');
    await vi.waitFor(() =>
      expect(lines).toContainEqual([
        'session ended',
        expect.objectContaining({ people: ['anna'], keys: [annas.id], why: 'key revoked' }),
      ]),
    );
  });

  it('no other key that a session asks for keeps it open, before or after', async () => {
    const { port, closed } = await open();
    await gate.keyFor(port, ritas.fingerprint);
    await gate.keyFor(port, annas.fingerprint);
    good = [ritas];
    await gate.keyFor(port, ritas.fingerprint);
    await gate.watch();
    await closed;
  });

  it('a question for a key that is not good any more takes nothing back', async () => {
    const { port, client } = await open();
    await gate.keyFor(port, ritas.fingerprint);
    expect(await gate.keyFor(port, keyOf(9, 'x').fingerprint)).toBe('');
    await gate.watch();
    await says(client, 'in');
  });
});

describe('while nobody answers', () => {
  it('sessions go on for a minute, and no longer; the log says it now and then', async () => {
    const { port, client, closed } = await open();
    await gate.keyFor(port, annas.fingerprint);
    away = true;
    now = unansweredMs;
    await gate.watch();
    await gate.watch();
    await says(client, 'in');
    expect(lines.filter(([message]) => message === unansweredWords)).toHaveLength(1);
    now += 1;
    await gate.watch();
    await closed;
  });

  it('an answer in time lets them go on', async () => {
    const { port, client } = await open();
    await gate.keyFor(port, annas.fingerprint);
    away = true;
    now = unansweredMs;
    await gate.watch();
    away = false;
    await gate.watch();
    away = true;
    now += unansweredMs;
    await gate.watch();
    await says(client, 'in');
  });
});

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
    now = 5_000;
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
    good = [ritas];
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
    away = true;
    await reports.tell();
    await leave(opened);
    for (let i = 0; i < 3; i += 1) await reports.tell();
    expect(lines.filter(([message]) => message === 'sessions are not recorded yet')).toHaveLength(1);
    away = false;
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

it('with nobody in, nothing is asked', async () => {
  await open();
  await gate.watch();
  expect(questions).toEqual([]);
});
