/** `schwifty env transfer`, in words, and what it asks of the API. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TransferAnswer } from '../../api/client/transfers.ts';
import { statusText } from '../../cli/status.ts';
import { transfersText, transferText } from '../../cli/transfers.ts';
import { keyOf, requested, spec, start, verdict, web } from '../contracts/samples.ts';
import { type Api, apiOnThisMachine, environmentAnswer, schwifty } from './program.ts';

let api: Api;
beforeAll(async () => {
  api = await apiOnThisMachine();
});
afterAll(() => api.close());

const successor = keyOf('billing', 'web');
const offered = {
  state: 'offered' as const,
  from: web,
  to: successor.team,
  offeredBy: 'anna',
  offeredAt: start,
  until: '2026-01-12T10:00:00.000Z',
  version: 3,
};
const accepted = { ...offered, state: 'accepted' as const, acceptedBy: 'ben', acceptedAt: start };
const over = (why: 'withdrawn' | 'refused' | 'expired' | 'old-deleted' | 'new-deleted') =>
  ({ ...offered, state: 'over', why, endedBy: 'pat', endedAt: start }) as const;

test.each<[TransferAnswer['transfer'], string]>([
  [offered, 'checkout/web  to team billing  offered by anna until 2026-01-12T10:00:00.000Z'],
  [accepted, `accepted by ben at ${start}: goes when billing/web is Ready`],
  [{ ...accepted, state: 'done', endedAt: start }, `gone at ${start}: billing/web is in its place`],
  [over('withdrawn'), `stays: withdrawn by pat at ${start}`],
  [over('refused'), 'stays: refused by pat'],
  [over('expired'), 'stays: nobody accepted it'],
  [over('old-deleted'), 'stays: deleted by pat'],
  [over('new-deleted'), 'what was to take its place was deleted by pat'],
])('a transfer says what became of it: %#', (transfer, text) => {
  expect(transferText({ transfer, successor })).toContain(text);
});

test('the status of what goes says to whom', () => {
  const at = { lookAt: start, to: successor.team };
  const said = (state: 'offered' | 'accepted') =>
    statusText({
      environment: { ...requested().environment, leaving: { ...at, state } },
      phase: 'building',
      history: [],
    });
  expect(said('offered')).toContain('goes     offered to team billing');
  expect(said('accepted')).toContain('accepted by team billing: deleted when billing/web is Ready');
});

test('an offer says what it is made from, and how its image was judged', () => {
  const text = transferText({ transfer: offered, successor, spec, verdict: verdict() });
  expect(text).toContain('  made from debian-12\n  its image: pass, 0 findings block, policy 1');
  expect(transfersText({ transfers: [] })).toBe('Nothing is offered to the team.');
});

const answers = (last: { status: number; body: unknown }) => {
  api.reset(200, {});
  api.reply = (line) => {
    const isRead = line.startsWith('GET');
    const body =
      line === 'GET /stage/environments/checkout/web' ? environmentAnswer : { transfer: offered, successor };
    return { status: isRead ? 200 : last.status, body: JSON.stringify(isRead ? body : last.body) };
  };
};

test.each([
  [
    ['offer', 'checkout/web', 'billing'],
    'POST /stage/environments/checkout/web/transfer',
    '"1"',
    '{"to":"billing"}',
  ],
  [['withdraw', 'checkout/web'], 'DELETE /stage/environments/checkout/web/transfer', '"3"', ''],
  [['refuse', 'billing', 'checkout/web'], 'DELETE /stage/teams/billing/transfers/checkout/web', '"3"', ''],
])('%j is sent on the version that was read', async (args, line, ifMatch, body) => {
  answers({ status: args[0] === 'offer' ? 201 : 200, body: { transfer: offered, successor } });
  const run = await schwifty(api, ['env', 'transfer', ...args]);
  expect([run.code, run.err]).toEqual([0, '']);
  expect(api.asked.at(-1)).toMatchObject({ line, ifMatch, body });
});

test('accepting says what is made of it', async () => {
  answers({ status: 201, body: environmentAnswer });
  const run = await schwifty(api, [
    'env',
    'transfer',
    'accept',
    'billing',
    'checkout/web',
    '--cluster',
    'second',
  ]);
  expect([run.code, run.err]).toEqual([0, '']);
  expect(api.asked.at(-1)).toMatchObject({
    line: 'POST /stage/teams/billing/transfers/checkout/web/acceptance',
    ifMatch: '"3"',
    body: '{"cluster":"second"}',
  });
  expect(api.asked.at(-1)?.key).toBeDefined();
  expect(run.out).toContain('scanning');
});

test('an offer is sent again where a stage wrote meanwhile', async () => {
  answers({ status: 201, body: { transfer: offered, successor } });
  const { reply } = api;
  let late = 2;
  api.reply = (line) =>
    line.startsWith('POST') && late-- > 0
      ? {
          status: 412,
          body: JSON.stringify({
            type: 'about:blank',
            title: 'Changed meanwhile',
            status: 412,
            detail: 'it is at 2',
          }),
        }
      : reply(line);
  const run = await schwifty(api, ['env', 'transfer', 'offer', 'checkout/web', 'billing']);
  expect([run.code, run.err]).toEqual([0, '']);
  expect(api.asked.filter(({ line }) => line.startsWith('POST'))).toHaveLength(3);
});
