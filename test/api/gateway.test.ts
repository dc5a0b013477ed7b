/** Requests as the gateway writes them, and which route they are for. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '#api/app.ts';
import { routes } from '#api/routes/all.ts';
import { Rejected } from '#core/errors.ts';
import type { Claims } from '#core/identity.ts';
import { answerOf, requestOf } from '#lambdas/api/gateway.ts';
import { rita } from '../lambdas/stages.ts';
import { World } from '../lambdas/world.ts';

const claims: Claims = { names: ['sub'], groups: 'groups' };
const event = (parts: Record<string, unknown> = {}) => ({
  rawPath: '/environments',
  rawQueryString: '',
  headers: { 'idempotency-key': 'k1' },
  requestContext: { requestId: 'r1', http: { method: 'GET' } },
  isBase64Encoded: false,
  ...parts,
});

describe("the gateway's event", () => {
  test('says method, path, query, headers and the id of the request', () => {
    const { method, path, query, requestId, header, text } = requestOf(
      event({ rawQueryString: 'team=checkout' }),
      claims,
    );
    expect({ method, path, query, requestId }).toEqual({
      method: 'GET',
      path: '/environments',
      query: 'team=checkout',
      requestId: 'r1',
    });
    expect([header('Idempotency-Key'), header('if-match'), text()]).toEqual(['k1', undefined, '']);
  });
  test('has a body as text or in Base64', () => {
    const body = '{"a":"ü"}';
    const encoded = Buffer.from(body).toString('base64');
    expect(requestOf(event({ body }), claims).text()).toBe(body);
    expect(requestOf(event({ body: encoded, isBase64Encoded: true }), claims).text()).toBe(body);
  });
  test('without its own fields is none', () => {
    expect(() => requestOf({ requestContext: { requestId: 'r1' } }, claims)).toThrow(Rejected);
  });
  test('is answered as the gateway takes it', () => {
    expect(answerOf({ status: 201, headers: { etag: '"1"' }, body: '{}' })).toEqual({
      statusCode: 201,
      headers: { etag: '"1"' },
      body: '{}',
    });
  });
});

describe('the route of a request', () => {
  /** @returns the status, what was said of the route, and the answer. */
  async function asked(method: string, path: string, query = '') {
    const told: string[] = [];
    const app = new World().app({
      routed: (route) => told.push(route),
      failed: (error) => {
        throw error;
      },
    });
    const request: HttpRequest = {
      method,
      path,
      query,
      header: () => undefined,
      text: () => '',
      person: () => rita,
      requestId: 'r1',
    };
    return { told, ...(await app(request)) };
  }

  test('is found for each route by its own path', async () => {
    for (const { method, path } of routes) {
      const { told } = await asked(method, path.replaceAll(/\{\w+\}/g, 'x1'));
      expect(told).toEqual([`${method} ${path}`]);
    }
  });
  test.each([
    ['/environments/', 404],
    ['//environments', 404],
    ['/environments//web', 404],
    ['/environments/checkout/web/', 404],
    ['/nowhere', 404],
    ['', 404],
    ['/%e0%a4%a', 404],
    ['/environments/%e0%a4%a/web', 404],
    ['/environments/%2e%2e/web', 404],
    ['/%68ealth', 200],
  ])('GET %s: %d', async (path, status) => {
    expect((await asked('GET', path)).status).toBe(status);
  });
  test('405 names the methods that the path has', async () => {
    const { status, headers } = await asked('TRACE', '/environments/checkout/web');
    expect([status, headers['allow']]).toEqual([405, 'GET, PUT, DELETE']);
  });
  test('HEAD is GET without its body', async () => {
    const [head, get] = [await asked('HEAD', '/health'), await asked('GET', '/health')];
    expect(head).toEqual({ ...get, body: '' });
    expect(get.body).not.toBe('');
    expect((await asked('HEAD', '/teams/checkout/usage/x')).status).toBe(404);
  });
  test('of two parameters of one name the first counts, and neither is lost where the name is', async () => {
    const { status, body } = await asked('GET', '/environments', 'limit=0&limit=5');
    expect([status, body]).toEqual([422, expect.stringContaining('limit')]);
    expect((await asked('GET', '/environments', 'limit=5&limit=0')).status).toBe(200);
    expect((await asked('GET', '/environments', '__proto__=1')).status).toBe(422);
  });
  test('any text is a path that is found or not, and nothing fails', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('environments', 'teams', 'checkout', 'web', '%', '..'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
        const { status } = await asked('GET', `/${parts.join('/')}`);
        expect([200, 403, 404, 405, 422]).toContain(status);
      }),
      { numRuns: 50 },
    );
  });
});
