/** `schwifty dns plan`, in words, and what it asks of the API. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { namesText, nameText } from '../../cli/dns.ts';
import { type Api, apiOnThisMachine, schwifty } from './program.ts';

let api: Api;
beforeAll(async () => {
  api = await apiOnThisMachine();
});
afterAll(() => api.close());

const change = {
  action: 'CREATE' as const,
  type: 'A',
  name: 'web.checkout.example',
  values: ['alias of lb'],
};
const web = { environment: 'checkout/web', target: 'lb', changes: [change] };

test('a name says what would be made and taken away', () => {
  expect(nameText(web)).toBe(
    'Nothing was done.\ncheckout/web  to lb\n  CREATE  A  web.checkout.example  alias of lb',
  );
  expect(nameText({ ...web, changes: [] })).toBe('checkout/web: nothing is to be changed.');
  expect(nameText({ ...web, changes: [], left: 'A web exists and is not ours' })).toContain(
    'left alone: A web exists',
  );
});

test('a sweep says what goes', () => {
  expect(namesText([])).toBe('Nothing was done, and a sweep would change nothing.');
  const orphan = { environment: 'checkout/old', changes: [{ ...change, action: 'DELETE' as const }] };
  expect(namesText([orphan])).toBe(
    'Nothing was done. A sweep of the zone would change:\ncheckout/old  goes\n  DELETE  A  web.checkout.example  alias of lb',
  );
});

test('one environment is asked for by its name, the zone page by page', async () => {
  api.reset(200, web);
  expect((await schwifty(api, ['dns', 'plan', 'checkout/web'])).out).toContain('checkout/web  to lb');
  expect(api.asked[0]?.line).toBe('GET /stage/environments/checkout/web/dns');
  api.reset(200, {});
  api.reply = (line) => {
    const page = line.includes('cursor') ? { names: [] } : { names: [web], next: 'a.example TXT' };
    return { status: 200, body: JSON.stringify(page) };
  };
  expect((await schwifty(api, ['dns', 'plan'])).out).toContain('checkout/web  to lb');
  expect(api.asked.map(({ line }) => line)).toEqual([
    'GET /stage/dns/plan?',
    'GET /stage/dns/plan?cursor=a.example+TXT',
  ]);
});
