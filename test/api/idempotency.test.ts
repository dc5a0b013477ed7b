/** A POST that is sent again is not done again, whatever happened to the first. */
import { expect, test } from 'vitest';
import { Retryable } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { spec, web } from '../contracts/samples.ts';
import { anna, rita, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const Title = z.object({ title: z.optional(z.string()) });
const wanted = { team: 'checkout', name: 'web', spec };
const key = { 'idempotency-key': '"8e03978e-40d5-43dd-bc93-6894a57f9324"' };
const ask = (
  world: World,
  body: unknown = wanted,
  headers: Record<string, string | undefined> = key,
  person = rita,
) => call(world, person, 'POST', '/environments', body, headers);

test('the first answer is given again, with its headers; the same key with and without quotes', async () => {
  const world = new World();
  const first = await ask(world);
  world.clock.advance(3600);
  const again = await ask(world, wanted, { 'idempotency-key': '8e03978e-40d5-43dd-bc93-6894a57f9324' });
  expect([again.status, await again.text()]).toEqual([201, await first.text()]);
  for (const name of ['etag', 'location', 'content-type'])
    expect(again.headers.get(name)).toBe(first.headers.get(name));
  expect((await world.environment()).version).toBe(1);
});

test('400 without a key, or with one that is none', async () => {
  for (const none of [undefined, '', 'a b', '"x', '#', 'k'.repeat(65)]) {
    const problem = await refused(new World(), rita, 'POST', '/environments', wanted, {
      'idempotency-key': none,
    });
    expect(problem).toMatchObject({ status: 400, fields: [{ path: 'idempotency-key' }] });
  }
});

test('422: a key that was sent with another body; it is of one person alone', async () => {
  const world = new World();
  await ask(world);
  const other = { ...wanted, name: 'shop' };
  expect(await refused(world, rita, 'POST', '/environments', other, key)).toMatchObject({
    status: 422,
    title: 'Another request',
  });
  expect((await ask(world, other, key, anna)).status).toBe(201);
});

test('409 while it is done, and at once: it is done once', async () => {
  const world = new World();
  const answers = await Promise.all([1, 2, 3].map(() => ask(world)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  expect(answers.find(({ status }) => status === 409)?.headers.get('retry-after')).toBe('1');
  expect((await world.environment()).version).toBe(1);
});

test('what is refused leaves the key free', async () => {
  const world = new World();
  expect((await ask(world, { ...wanted, spec: { ...spec, base: 'windows' } })).status).toBe(422);
  expect((await ask(world)).status).toBe(201);
});

test('what failed after it was done is done; what failed before is done again', async () => {
  for (const isWritten of [true, false]) {
    const world = new World();
    const write = world.store.write.bind(world.store);
    world.store.write = async (...asked) => {
      if (isWritten) await write(...asked);
      throw new Retryable('no answer within a second');
    };
    expect((await ask(world)).status).toBe(503);
    world.store.write = write;
    const again = await ask(world);
    const expected = isWritten ? [409, 'Done already'] : [201, undefined];
    expect([again.status, Title.parse(await again.json()).title]).toEqual(expected);
    expect((await world.store.read(web))?.version).toBe(1);
  }
});
