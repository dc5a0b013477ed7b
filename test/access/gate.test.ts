/** The gate between real sockets: what it passes on, what it answers, what it ends; the SSH server is one that says back. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { unansweredMs, unansweredWords } from '#core/gate.ts';
import {
  annas,
  clients,
  gate,
  given,
  keyOf,
  lines,
  open,
  outside,
  portOf,
  questions,
  ritas,
  says,
  seen,
} from './gates.ts';

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
    given.now = 40_001;
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
    given.away = true;
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
    given.good = [ritas];
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
    given.good = [ritas];
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
    given.away = true;
    given.now = unansweredMs;
    await gate.watch();
    await gate.watch();
    await says(client, 'in');
    expect(lines.filter(([message]) => message === unansweredWords)).toHaveLength(1);
    given.now += 1;
    await gate.watch();
    await closed;
  });

  it('an answer in time lets them go on', async () => {
    const { port, client } = await open();
    await gate.keyFor(port, annas.fingerprint);
    given.away = true;
    given.now = unansweredMs;
    await gate.watch();
    given.away = false;
    await gate.watch();
    given.away = true;
    given.now += unansweredMs;
    await gate.watch();
    await says(client, 'in');
  });
});

it('with nobody in, nothing is asked', async () => {
  await open();
  await gate.watch();
  expect(questions).toEqual([]);
});
