/** A gate between real sockets, anew for each test: anna and rita have keys, and the SSH server is one that says back. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect } from 'vitest';
import { withFingerprint } from '#api/fingerprint.ts';
import type { KeysAnswer, KeysQuestion, SessionReports } from '#core/access-protocol.ts';
import { KeyId } from '#core/person-key.ts';
import { PublicKeyLine } from '#core/ssh-key.ts';
import type { SessionReport } from '#core/ssh-session.ts';
import { Gate } from '../../access/gate/gate.ts';
import { Reports } from '../../access/gate/reports.ts';
import { ed25519Line } from '../core/ssh-keys.ts';

export const keyOf = (seed: number, person: string) => {
  const key = withFingerprint(PublicKeyLine.parse(ed25519Line(Buffer.alloc(32, seed))));
  const id = KeyId.parse(key.fingerprint.slice(7).replaceAll('+', '-').replaceAll('/', '_'));
  return { id, person, type: key.type, blob: key.blob, fingerprint: key.fingerprint };
};
export const annas = keyOf(1, 'anna');
export const ritas = keyOf(2, 'rita');

/** What a test says of the world: whose keys are good, whether nobody answers, what time it is. */
export const given = { good: [annas, ritas], away: false, now: 0 };
export const questions: KeysQuestion[] = [];
export const lines: [string, unknown][] = [];
export const reported: SessionReport[] = [];
export let reports: Reports;
export let gate: Gate;
let sshd: Server;
export let outside: Server;
/** What the server sees of each connection. */
export const seen: Socket[] = [];
export const clients: Socket[] = [];

export const portOf = (server: Server): number => {
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
  Object.assign(given, { good: [annas, ritas], away: false, now: 0 });
  for (const kept of [questions, lines, reported, seen]) kept.length = 0;
  sshd = await listening(
    createServer((socket) => {
      seen.push(socket);
      socket.on('error', () => undefined);
      socket.pipe(socket);
    }),
  );
  const ask = async (question: KeysQuestion): Promise<KeysAnswer> => {
    questions.push(question);
    if (given.away) throw new Error('no answer');
    const keys = given.good.filter(({ id }) => question.keys.includes(id));
    return { environment: 'checkout/web', keys, at: '2026-03-01T12:00:00.000Z' };
  };
  const write = (message: string, ...more: unknown[]) => void lines.push([message, more.at(-1)]);
  const log = { info: write, warn: write, error: write };
  const report = async ({ sessions }: SessionReports) => {
    if (given.away) throw new Error('no answer');
    reported.push(...sessions);
  };
  reports = new Reports({ ask, report }, log);
  gate = new Gate({
    access: { ask, report },
    reports,
    connect: () => connect(portOf(sshd), '127.0.0.1'),
    now: () => given.now,
    clock: () => new Date(Date.parse('2026-03-01T12:00:00.000Z') + given.now),
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

export async function open(): Promise<{ client: Socket; port: number; closed: Promise<unknown> }> {
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
export const says = async (client: Socket, words: string) => {
  client.write(words);
  expect(String((await once(client, 'data'))[0])).toBe(words);
};
