/** The OpenAPI document is made of the routes: whole, without a name that leads nowhere, and as the page in docs/ says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from '#api/openapi/document.ts';
import { apiPage } from '#api/openapi/page.ts';
import { noBody, none, route } from '#api/route.ts';
import { routes } from '#api/routes/all.ts';
import * as z from '#core/zod.ts';

const Operation = z.object({
  operationId: z.string(),
  security: z.array(z.record(z.string(), z.unknown())),
  parameters: z.array(
    z.object({ name: z.string(), in: z.enum(['path', 'query', 'header']), required: z.boolean() }),
  ),
  requestBody: z.optional(z.object({ required: z.boolean() })),
  responses: z.record(
    z.string(),
    z.object({ description: z.string(), content: z.record(z.string(), z.unknown()) }),
  ),
});
const Document = z.object({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});
const document = Document.parse(openApi(routes));
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

test('every route is an operation with a name of its own', () => {
  const named = (of: readonly { method: string; path: string }[]) =>
    of.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort();
  expect(named(operations)).toEqual(named(routes));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every reference leads to a schema', () => {
  const references = JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g);
  const found = [...references].map(([, to = '']) => to.replace('#/components/schemas/', ''));
  expect(found).not.toEqual([]);
  for (const name of found) expect(Object.keys(document.components.schemas)).toContain(name);
});

test('what is in a path is a parameter that must be there, and no other is', () => {
  for (const { path, parameters } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const said = parameters.filter((one) => one.in === 'path');
    expect(said.map(({ name }) => name)).toEqual(inPath);
    expect(said.every(({ required }) => required)).toBe(true);
  }
});

test('a token is asked for, but for what is open; what takes a body says how one may be wrong', () => {
  expect(operations.filter(({ security }) => security.length === 0).map(({ path }) => path)).toEqual([
    '/health',
  ]);
  for (const { operationId, requestBody, responses } of operations.filter(({ requestBody: body }) => body)) {
    // All but this one say what is wanted.
    expect(requestBody?.required).toBe(operationId !== 'retryJob');
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '413', '422']));
  }
});

test('who refuses is said: our code by a problem document, the gateway by its own message', () => {
  const { responses } = operations.find(({ operationId }) => operationId === 'createEnvironment') ?? {};
  expect(Object.keys(responses?.['401']?.content ?? {})).toEqual(['application/json']);
  expect(Object.keys(responses?.['403']?.content ?? {})).toEqual(['application/problem+json']);
  expect(Object.keys(responses?.['413']?.content ?? {})).toEqual([
    'application/problem+json',
    'application/json',
  ]);
});

test('a status that nobody explained is none that a route may answer', () => {
  const teapot = route({
    method: 'GET',
    path: '/teapot',
    name: 'teapot',
    summary: 'Is one',
    who: 'signed-in',
    params: none,
    headers: none,
    query: none,
    body: noBody,
    answers: { 418: 'HealthAnswer' },
    answer: async () => ({ status: 418, body: { status: 'ok' } }),
  });
  expect(() => openApi([teapot])).toThrow('Say in api/openapi/problems.ts what an answer 418 means.');
});

test('docs/api.md is drawn from the routes', () => {
  const written = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
  expect(written, 'run `npm run docs`').toBe(apiPage(routes));
});
