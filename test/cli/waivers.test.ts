/** `schwifty waiver`, in words, and what it asks of the API. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EnvironmentName, TeamName } from '#core/names.ts';
import { instantOf, waiversText, waiverText } from '../../cli/waivers.ts';
import { type Api, apiOnThisMachine, schwifty } from './program.ts';

let api: Api;
beforeAll(async () => {
  api = await apiOnThisMachine();
});
afterAll(() => api.close());

const at = '2026-07-01T10:00:00.000Z';
const proposed = {
  state: 'proposed' as const,
  id: 'api-0123456789abcdef',
  team: TeamName.parse('checkout'),
  cve: 'CVE-2024-1',
  reason: 'it is not reachable',
  expiresAt: '2026-12-31T00:00:00.000Z',
  author: 'sam',
  proposedAt: at,
  version: 1,
};
const good = { ...proposed, state: 'good' as const, approver: 'sue', approvedAt: at, version: 2 };

test.each([
  [
    proposed,
    'CVE-2024-1  for all of checkout  until 2026-12-31T00:00:00.000Z  proposed by sam, waits for somebody else',
  ],
  [
    { ...good, environment: EnvironmentName.parse('web') },
    'for checkout/web  until 2026-12-31T00:00:00.000Z  proposed by sam, approved by sue at',
  ],
  [
    { ...proposed, state: 'withdrawn' as const, withdrawnBy: 'sam', withdrawnAt: at },
    `withdrawn by sam at ${at}`,
  ],
])('a waiver says what it is for and what became of it', (waiver, text) => {
  expect(waiverText(waiver)).toContain(text);
  expect(waiverText(waiver)).toContain('id api-0123456789abcdef: it is not reachable');
});

test('the list has those of the configuration too', () => {
  const { state: _, proposedAt: __, version: ___, ...rest } = proposed;
  const configured = [{ ...rest, id: 'W-1', approver: 'sue' }];
  expect(waiversText({ waivers: [], configured })).toContain(
    'in the configuration, by sam and sue\n  id W-1',
  );
  expect(waiversText({ waivers: [], configured: [] })).toBe('The team has no waivers.');
});

test('a day is its beginning; what is no instant is said to be none', () => {
  expect(instantOf('2026-12-31')).toBe('2026-12-31T00:00:00.000Z');
  expect(() => instantOf('soon')).toThrow('soon is no instant');
});

test('a proposal is sent whole', async () => {
  api.reset(201, proposed);
  const wish = [
    'CVE-2024-1',
    '--reason',
    'it is not reachable',
    '--until',
    '2026-12-31',
    '--environment',
    'web',
  ];
  expect((await schwifty(api, ['waiver', 'propose', 'checkout', ...wish])).out).toContain('proposed by sam');
  expect(JSON.parse(api.asked[0]?.body ?? '')).toEqual({
    cve: 'CVE-2024-1',
    reason: 'it is not reachable',
    expiresAt: '2026-12-31T00:00:00.000Z',
    environment: 'web',
  });
});

test.each([
  ['approve', `POST /stage/teams/checkout/waivers/${good.id}/approvals`],
  ['withdraw', `DELETE /stage/teams/checkout/waivers/${good.id}`],
])('to %s one names the version that was read', async (verb, line) => {
  api.reset(200, good);
  api.reply = (asked) => ({
    status: 200,
    body: JSON.stringify(asked.startsWith('GET') ? { waivers: [good], configured: [] } : good),
  });
  expect((await schwifty(api, ['waiver', verb, 'checkout', good.id])).code).toBe(0);
  expect(api.asked[1]).toMatchObject({ line, ifMatch: '"2"' });
});

test.each([
  ['pip:Flask==3.1.2', { manager: 'pip', name: 'Flask', version: '3.1.2' }],
  ['npm:@acme/x@1.0.0-rc.1', { manager: 'npm', name: '@acme/x', version: '1.0.0-rc.1' }],
])('a release that is too young is proposed as %s', async (what, release) => {
  const { cve: _, ...rest } = proposed;
  api.reset(201, { ...rest, package: release });
  const asked = ['waiver', 'propose', 'checkout', what, '--reason', 'it mends us', '--until', '2026-12-31'];
  const { out, code } = await schwifty(api, asked);
  expect(code).toBe(0);
  expect(out).toContain(`the age of ${what}  for all of checkout`);
  expect(JSON.parse(api.asked[0]?.body ?? '')).toMatchObject({ package: release });
  expect(JSON.parse(api.asked[0]?.body ?? '')).not.toHaveProperty('cve');
});
