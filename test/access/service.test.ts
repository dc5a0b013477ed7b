/** The access service: whose keys it tells is decided by the token alone, and no answer is never a yes. */
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryPersonKeys } from '#adapters/memory/person-keys.ts';
import { MemorySshSessions } from '#adapters/memory/ssh-sessions.ts';
import { MemoryTokens } from '#adapters/memory/tokens.ts';
import { withFingerprint } from '#api/fingerprint.ts';
import { KeysAnswer } from '#core/access-protocol.ts';
import { Retryable } from '#core/errors.ts';
import { EnvironmentKey, TeamName } from '#core/names.ts';
import { addKey, type GoodKey, revokeKey } from '#core/person-key.ts';
import { PublicKeyLine } from '#core/ssh-key.ts';
import { AccessService } from '../../access/service/service.ts';
import { ed25519Line } from '../core/ssh-keys.ts';

const team = TeamName.parse('checkout');
const start = '2026-03-01T12:00:00.000Z';

function newKey(of = team, person = 'anna'): GoodKey {
  const key = withFingerprint(PublicKeyLine.parse(`${ed25519Line(randomBytes(32))} laptop`));
  const added = addKey({ team: of, person, key, known: [], now: start });
  if (!('state' in added) || added.state !== 'good') throw new Error('the sample key was not taken');
  return added;
}

let keys: MemoryPersonKeys;
let sessions: MemorySshSessions;
let tokens: MemoryTokens;
let lines: [string, unknown][];
let time: number;
let service: AccessService;
beforeEach(() => {
  [keys, tokens, lines, time] = [new MemoryPersonKeys(), new MemoryTokens(), [], Date.parse(start)];
  sessions = new MemorySshSessions();
  tokens.give('web', 'checkout--web');
  tokens.give('pay', 'payments--pay');
  tokens.give('system', 'kube-system');
  const write = (message: string, ...more: unknown[]) => void lines.push([message, more.at(-1)]);
  const log = { info: write, warn: write, error: write };
  service = new AccessService({ tokens, keys, sessions, now: () => new Date(time), log });
});
const ask = (token: string, ids: readonly string[], more: object = {}) =>
  service.answer(`Bearer ${token}`, JSON.stringify({ keys: ids, ...more }));
const idsOf = async (token: string, ids: readonly string[]) =>
  KeysAnswer.parse((await ask(token, ids)).body).keys.map(({ id }) => id);

describe('keys', () => {
  it("are told where they are good, of the pod's own team alone, and only those asked for", async () => {
    const [one, two, other] = [newKey(), newKey(), newKey(TeamName.parse('payments'))];
    for (const key of [one, two, other]) await keys.add(key);
    expect(await idsOf('web', [one.id, other.id])).toEqual([one.id]);
    expect(await idsOf('pay', [one.id, other.id])).toEqual([other.id]);
    const { body } = await ask('web', [one.id]);
    const { id, person, type, blob, fingerprint } = one;
    expect(body).toEqual({
      environment: 'checkout/web',
      keys: [{ id, person, type, blob, fingerprint }],
      at: start,
    });
  });

  it('are not told any more from the instant on at which they were revoked', async () => {
    const key = newKey();
    await keys.add(key);
    expect(await idsOf('web', [key.id])).toEqual([key.id]);
    const revoked = revokeKey({ key, person: 'anna', mayRevokeOthers: false, now: start });
    if (!('state' in revoked)) throw new Error(revoked.detail);
    await keys.revoke(revoked);
    expect(await idsOf('web', [key.id])).toEqual([]);
  });

  it('asked for to log in are in the log, with who and from where; watched ones are not', async () => {
    const key = newKey();
    await keys.add(key);
    await ask('web', [key.id]);
    expect(lines).toEqual([]);
    const connection = 'c'.repeat(32);
    await ask('web', [key.id], { login: { from: '10.1.2.3:55000', connection } });
    const { person, fingerprint } = key;
    expect(lines).toEqual([
      [
        'key good',
        {
          environment: 'checkout/web',
          from: '10.1.2.3:55000',
          connection,
          keys: [key.id],
          people: [{ person, fingerprint }],
        },
      ],
    ]);
  });
});

describe('who asks', () => {
  it.each([
    ['nobody', ''],
    ['a token that the cluster does not know', 'forged'],
    ["a pod that is no environment's", 'system'],
  ])('%s is refused', async (_, token) => {
    const key = newKey();
    await keys.add(key);
    expect(await ask(token, [key.id])).toMatchObject({ status: 401 });
  });

  it('is asked of the cluster once in half a minute', async () => {
    await ask('web', []);
    await ask('web', []);
    expect(tokens.reviews).toBe(1);
    time += 30_001;
    await ask('web', []);
    expect(tokens.reviews).toBe(2);
  });

  it('and was refused is asked again: a token may be known a moment later', async () => {
    await ask('new', []);
    tokens.give('new', 'checkout--web');
    expect((await ask('new', [])).status).toBe(200);
  });
});

describe('no answer', () => {
  it.each([
    ['no JSON', 'x'],
    ['another shape', '{"keys":"all"}'],
    ['no ids', '{"keys":["x"]}'],
    ['more', '{"keys":[],"team":"payments"}'],
  ])('is for a question of %s', async (_, body) => {
    expect(await service.answer('Bearer web', body)).toMatchObject({ status: 400 });
  });

  it.each([
    ['the cluster', { tokens: { namespaceOf: () => Promise.reject(new Retryable('away')) } }],
    ['the table', { keys: { list: () => Promise.reject(new Retryable('away')) } }],
  ])('is while %s is away; it is counted until there is one', async (_, broken) => {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const deps = { tokens, keys, sessions, now: () => new Date(time), log, ...broken };
    const half = new AccessService(deps);
    const question = JSON.stringify({ keys: [newKey().id] });
    expect(await half.answer('Bearer web', question)).toMatchObject({ status: 503 });
    expect(half.failures).toBe(1);
  });
});

describe('sessions', () => {
  const web = EnvironmentKey.parse({ team: 'checkout', name: 'web' });
  const of = (key: GoodKey, more: object = {}) => ({
    ...{ connection: 'c'.repeat(32), key: key.id, from: '10.1.2.3:55000', beganAt: start },
    ...more,
  });
  const report = (token: string, ...told: object[]) =>
    service.report(`Bearer ${token}`, JSON.stringify({ sessions: told }));
  const kept = async (of = web) => (await sessions.list(of, undefined, 10)).sessions;

  it('are kept with the person whose key it is, begun and then ended; told twice they are the same', async () => {
    const key = newKey();
    await keys.add(key);
    expect(await report('web', of(key))).toEqual({ status: 200, body: { taken: 1 } });
    expect(await kept()).toMatchObject([{ state: 'open', person: 'anna', from: '10.1.2.3:55000' }]);
    const end = { at: '2026-03-01T12:05:00.000Z', why: 'closed' };
    for (let i = 0; i < 2; i += 1) await report('web', of(key, { end }), of(key));
    expect(await kept()).toMatchObject([{ state: 'ended', endedAt: end.at, why: 'closed' }]);
  });

  it('are of the environment whose pod says so, and of keys of its team: of others nothing is kept', async () => {
    const other = newKey(TeamName.parse('payments'));
    await keys.add(other);
    expect(await report('web', of(other))).toMatchObject({ status: 200 });
    expect(await kept()).toEqual([]);
    expect(lines).toMatchObject([
      ['a session by a key that the team never had', { environment: 'checkout/web' }],
    ]);
    await report('pay', of(other));
    expect(await kept(EnvironmentKey.parse({ team: 'payments', name: 'pay' }))).toHaveLength(1);
  });

  it('of nobody, or of no shape, are refused', async () => {
    const key = newKey();
    expect(await report('forged', of(key))).toMatchObject({ status: 401 });
    expect(await report('web')).toMatchObject({ status: 400 });
    expect(await report('web', of(key, { person: 'rita' }))).toMatchObject({ status: 400 });
  });

  it('that were not written are told to be unknown, and told again they are kept', async () => {
    const key = newKey();
    await keys.add(key);
    const record = sessions.record.bind(sessions);
    sessions.record = () => Promise.reject(new Retryable('away'));
    expect(await report('web', of(key))).toMatchObject({ status: 503 });
    sessions.record = record;
    expect(await report('web', of(key))).toMatchObject({ status: 200 });
    expect(await kept()).toHaveLength(1);
  });
});
