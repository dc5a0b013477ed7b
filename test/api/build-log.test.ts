/** The log of a build through the API. */
import { expect, test } from 'vitest';
import { BuildAnswer, BuildLogAnswer } from '#api/answers.ts';
import { ApiError } from '#api/client/client.ts';
import { lineOf } from '#core/build-log.ts';
import { linesOf } from '../../cli/build-log.ts';
import { web } from '../contracts/samples.ts';
import { building, ready } from '../lambdas/ways.ts';
import { rita, type World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

const path = (number: number | string) => `/environments/checkout/web/builds/${number}/log`;
const print = (world: World, ...texts: string[]) =>
  world.buildLogs.write(web, 1, ...texts.map((text) => lineOf(0, text)));

async function read(world: World, cursor?: string) {
  const answer = await call(world, rita, 'GET', cursor ? `${path(1)}?cursor=${cursor}` : path(1));
  expect(answer.status).toBe(200);
  return BuildLogAnswer.parse(await answer.json());
}

test('it is read on from where a page ended, while the build runs and after', async () => {
  const world = await building();
  expect(await read(world)).toEqual({ lines: [], more: false, ended: false });
  print(world, 'STEP 1');
  const first = await read(world);
  expect(first).toMatchObject({ lines: [{ text: 'STEP 1' }], ended: false });
  const waiting = await read(world, first.cursor);
  expect(waiting).toMatchObject({ lines: [], more: false, ended: false });
  print(world, 'STEP 2');
  expect(await read(world, waiting.cursor)).toMatchObject({ lines: [{ text: 'STEP 2' }] });
});

test('of a build that is over it ends', async () => {
  const world = await ready();
  print(world, 'STEP 1');
  const first = await read(world);
  expect(await read(world, first.cursor)).toMatchObject({ lines: [], more: false, ended: true });
});

test('where there is none, it says why', async () => {
  const world = await ready();
  const get = (where: string) => refused(world, rita, 'GET', where);
  expect(await get(path(1))).toMatchObject({
    status: 404,
    detail: expect.stringContaining('spared or never'),
  });
  expect(await get(path(2))).toMatchObject({ status: 404, detail: 'checkout/web has had 1 builds.' });
  expect(await get('/environments/checkout/none/builds/1/log')).toMatchObject({ status: 404 });
  for (const number of ['0', '-1', '1e3', 'x', '99999999999'])
    expect(await get(path(number))).toMatchObject({ status: 404 });
});

const buildPath = '/environments/checkout/web/builds/1';
async function stepsOf(world: World) {
  const answer = await call(world, rita, 'GET', buildPath);
  expect(answer.status).toBe(200);
  return BuildAnswer.parse(await answer.json());
}

test('its steps are read from its log while it runs', async () => {
  const world = await building();
  const nothing = { number: 1, ended: false, steps: [], left: 0, cached: 0 };
  expect(await stepsOf(world)).toEqual(nothing);
  print(world, '#1 [1/2] FROM debian', '#1 CACHED', '#2 [2/2] RUN true');
  const steps = [
    { name: '[1/2] FROM debian', seconds: 0, how: 'cached' },
    { name: '[2/2] RUN true', seconds: 0, how: 'not ended' },
  ];
  expect(await stepsOf(world)).toEqual({ ...nothing, steps, cached: 1 });
});

test('its steps are what was kept of them, when its log is gone; what was not whole is read again', async () => {
  const world = await ready();
  const step = { name: '[1/1] FROM debian', seconds: 1, how: 'done' as const };
  const kept = { number: 1, readAt: world.clock.now(), steps: [step], left: 2, isWhole: false };
  await world.buildRecords.keep(web, kept);
  expect(await stepsOf(world)).toMatchObject({ ended: true, steps: [step], left: 2 });
  print(world, '#1 [1/1] FROM debian', '#1 DONE 7.0s');
  expect(await stepsOf(world)).toMatchObject({ steps: [{ ...step, seconds: 7 }], left: 0 });
  await world.buildRecords.keep(web, { ...kept, isWhole: true });
  expect(await stepsOf(world)).toMatchObject({ steps: [step], left: 2 });
});

test('a build of which nothing is kept or printed is none', async () => {
  const world = await ready();
  expect(await refused(world, rita, 'GET', buildPath)).toMatchObject({ status: 404, title: 'No such log' });
  const second = '/environments/checkout/web/builds/2';
  expect(await refused(world, rita, 'GET', second)).toMatchObject({
    detail: 'checkout/web has had 1 builds.',
  });
  const sven = { name: 'sven', groups: ['other-members'] };
  expect(await refused(world, sven, 'GET', buildPath)).toMatchObject({ status: 403 });
});

test('a cursor that is none is a wrong field', async () => {
  const world = await ready();
  print(world, 'STEP 1');
  for (const cursor of ['x', '..', '%0a', 'a'.repeat(3000)])
    expect(await refused(world, rita, 'GET', `${path(1)}?cursor=${cursor}`)).toMatchObject({
      status: 422,
      fields: [{ path: 'cursor' }],
    });
});

test('who may not see the environment does not see its log', async () => {
  const sven = { name: 'sven', groups: ['other-members'] };
  expect(await refused(await ready(), sven, 'GET', path(1))).toMatchObject({ status: 403 });
});

test('the command reads all pages, and follows until the build has ended', async () => {
  const page = (text: string, parts: object) => ({
    lines: text === '' ? [] : [lineOf(0, text)],
    more: false,
    ended: false,
    ...parts,
  });
  const pages = [
    page('', {}),
    page('one', { cursor: '1', more: true }),
    page('two', { cursor: '2' }),
    page('three', { cursor: '3', ended: true }),
  ];
  const asked: (string | undefined)[] = [];
  let waited = 0;
  const lines = async (follow: boolean) => {
    const left = [...pages.slice(follow ? 0 : 1)];
    const buildLog = async (_: string, __: number, cursor?: string) => {
      asked.push(cursor);
      const next = left.shift();
      if (!next) throw new Error('it asked on');
      return next;
    };
    const found: string[] = [];
    const wanted = { id: 'checkout/web', number: 1, follow };
    for await (const { text } of linesOf({ buildLog }, wanted, async () => waited++)) found.push(text);
    return found;
  };
  expect(await lines(true)).toEqual(['one', 'two', 'three']);
  expect(asked).toEqual([undefined, undefined, '1', '2']);
  expect(waited).toBe(2);
  expect(await lines(false)).toEqual(['one', 'two']);
});

test('a reader that asks too much waits and goes on where it was; another refusal ends it', async () => {
  const refusal = (status: number) =>
    new ApiError({ type: 'about:blank', title: 'No', status, detail: 'no' });
  const answers = [
    { lines: [lineOf(0, 'one')], cursor: '1', more: true, ended: false },
    refusal(429),
    { lines: [lineOf(0, 'two')], cursor: '2', more: false, ended: true },
  ];
  const asked: (string | undefined)[] = [];
  const buildLog = async (_: string, __: number, cursor?: string) => {
    asked.push(cursor);
    const next = answers.shift() ?? refusal(403);
    if (next instanceof ApiError) throw next;
    return next;
  };
  let waited = 0;
  const read = async () => {
    const found: string[] = [];
    const wanted = { id: 'checkout/web', number: 1, follow: false };
    for await (const { text } of linesOf({ buildLog }, wanted, async () => waited++)) found.push(text);
    return found;
  };
  expect(await read()).toEqual(['one', 'two']);
  expect(asked).toEqual([undefined, '1', '1']);
  expect(waited).toBe(1);
  await expect(read()).rejects.toThrow('No (403)');
});
