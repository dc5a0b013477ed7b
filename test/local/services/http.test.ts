import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve } from '#local/services/http.ts';
import { freePort } from '#local/setup/ports.ts';

const told: string[] = [];
let base: string;
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  const port = await freePort('127.0.0.1', 29_000);
  base = `http://127.0.0.1:${port}`;
  server = await serve(
    '127.0.0.1',
    port,
    {
      'POST /echo': async (request) =>
        new Response(await request.text(), {
          status: 201,
          headers: { 'x-type': request.headers.get('content-type') ?? '' },
        }),
      'GET /broken': async () => {
        throw new Error('oh');
      },
    },
    (line) => told.push(line),
  );
});
afterAll(() => server.close(1_000));

test('body, status and headers go through both ways', async () => {
  const response = await fetch(`${base}/echo`, {
    method: 'POST',
    body: 'hello',
    headers: { 'content-type': 'text/x' },
  });
  expect([response.status, response.headers.get('x-type'), await response.text()]).toEqual([
    201,
    'text/x',
    'hello',
  ]);
});

test('an unknown route says what is there; a broken handler is 500 and told in the log', async () => {
  expect(await (await fetch(`${base}/nothing`)).json()).toMatchObject({
    error: 'there is no GET /nothing here',
  });
  expect((await fetch(`${base}/broken`)).status).toBe(500);
  expect(told.join()).toContain('GET /broken failed: Error: oh');
});
