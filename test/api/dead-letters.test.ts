/** DLQs by the API: seen and given back, redriven without losing any, whatever fails in between. */
import { beforeEach, describe, expect, it } from 'vitest';
import { DlqAnswer, DlqsAnswer, RedriveAnswer } from '#api/answers.ts';
import type { DeadMessage } from '#core/dead-letter.ts';
import { addSeconds } from '#core/names.ts';
import type * as z from '#core/zod.ts';
import { requested, start } from '../contracts/samples.ts';
import { anna, olga, World } from '../lambdas/world.ts';
import { call, refused } from './calls.ts';

let world: World;
beforeEach(() => {
  world = new World();
});

const put = (name: string, ...messages: Partial<DeadMessage>[]) => {
  for (const [i, parts] of messages.entries()) {
    const base = {
      id: `m-${i + 1}`,
      body: `{"n":${i + 1}}`,
      sentAt: start,
      attributes: {},
      movedBySqs: false,
    };
    world.deadLetters.put(name, { ...base, ...parts });
  }
};
const many = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `m-${i + 1}` }));
async function ask<S extends z.ZodMiniType>(schema: S, method: 'GET' | 'POST', path: string, body?: unknown) {
  const answer = await call(world, olga, method, path, body);
  expect(answer.status).toBe(200);
  return schema.parse(await answer.json());
}
const redrive = (name: string, body: object = {}) =>
  ask(RedriveAnswer, 'POST', `/dlqs/${name}/redrive`, body);
const bodies = () => world.deadLetters.resent.map(({ body }) => body);

describe('a DLQ', () => {
  it('is for operators alone', async () => {
    for (const [method, path] of [
      ['GET', '/dlqs'],
      ['GET', '/dlqs/gate'],
      ['POST', '/dlqs/gate/redrive'],
    ] as const) {
      const problem = await refused(world, anna, method, path, method === 'POST' ? {} : undefined);
      expect(problem).toMatchObject({
        status: 403,
        detail: 'anna may not operate GetSchwifty: that is for getschwifty-operators.',
      });
    }
  });

  it('that is not there is named, with those that are', async () => {
    for (const [method, path] of [
      ['GET', '/dlqs/gaet'],
      ['POST', '/dlqs/gaet/redrive'],
    ] as const)
      expect(await refused(world, olga, method, path, method === 'POST' ? {} : undefined)).toMatchObject({
        status: 404,
        detail: 'There is no DLQ gaet: there are gate, outbox, reconcile, undelivered.',
      });
  });

  it('is listed with how much is in it and since when; what was read is there for the next reader', async () => {
    put('gate', { sentAt: addSeconds(start, 5) }, { sentAt: start });
    const wanted = { name: 'gate', messages: 2, remedy: 'move', oldestAt: start };
    for (let i = 0; i < 2; i++) {
      const { queues } = await ask(DlqsAnswer, 'GET', '/dlqs');
      expect(queues).toContainEqual(wanted);
      expect(queues).toContainEqual({ name: 'reconcile', messages: 0, remedy: 'drop' });
    }
  });

  it('is shown with the reason of each message, oldest first, shortened', async () => {
    const failure = { stage: 'deploy', attempt: 5, reason: 'Retryable: no answer', at: start };
    await world.store.keepFailure('m-2', failure);
    put(
      'gate',
      { attributes: { reason: 'no digest' }, sentAt: addSeconds(start, 9), body: 'x'.repeat(1000) },
      { movedBySqs: true },
    );
    for (let i = 0; i < 2; i++)
      expect(await ask(DlqAnswer, 'GET', '/dlqs/gate')).toMatchObject({
        messages: [
          { id: 'm-2', why: 'failed', reason: expect.stringContaining('Retryable: no answer') },
          { id: 'm-1', why: 'refused', reason: 'no digest', body: expect.stringMatching(/^x{400}… /) },
        ],
        more: false,
      });
  });

  it('gives back what was read when the reading fails halfway', async () => {
    put('gate', ...many(15));
    let receives = 0;
    world.deadLetters.before = (step) => {
      if (step === 'receive' && ++receives === 2) throw new Error('SQS is down');
    };
    await expect(call(world, olga, 'GET', '/dlqs/gate')).rejects.toThrow('SQS is down');
    world.deadLetters.before = () => undefined;
    expect((await ask(DlqAnswer, 'GET', '/dlqs/gate')).messages).toHaveLength(15);
  });

  it('that can not be given back comes back by itself', async () => {
    put('gate', {});
    world.deadLetters.before = (step) => {
      if (step === 'release') throw new Error('SQS is down');
    };
    expect((await ask(DlqAnswer, 'GET', '/dlqs/gate')).messages).toHaveLength(1);
    expect((await ask(DlqAnswer, 'GET', '/dlqs/gate')).messages).toHaveLength(0);
    world.clock.advance(20);
    expect((await ask(DlqAnswer, 'GET', '/dlqs/gate')).messages).toHaveLength(1);
  });
});

describe('redriving', () => {
  it('moves all messages to the stage, body and nothing else, and empties the DLQ', async () => {
    put('gate', ...many(25));
    const answer = await redrive('gate');
    expect(answer.done).toHaveLength(25);
    expect(answer).toMatchObject({ failed: [], missing: [], more: false });
    expect(new Set(bodies()).size).toBe(25);
    expect(await world.deadLetters.count('gate')).toBe(0);
  });

  it('moves the messages that are named, says which are not there, and gives the others back', async () => {
    put('gate', ...many(30));
    const answer = await redrive('gate', { ids: ['m-2', 'm-29', 'm-99'] });
    expect(answer).toMatchObject({ done: ['m-2', 'm-29'], missing: ['m-99'], more: false });
    expect(bodies()).toEqual(['{"n":2}', '{"n":29}']);
    expect((await ask(DlqAnswer, 'GET', '/dlqs/gate')).messages).toHaveLength(28);
  });

  it('of more than a hundred is done in parts', async () => {
    put('gate', ...many(130));
    const first = await redrive('gate');
    expect([first.done.length, first.more]).toEqual([100, true]);
    const second = await redrive('gate', { before: first.before });
    expect([second.done.length, second.more]).toEqual([30, false]);
  });

  it('does not take up what failed again meanwhile: it would go round for ever', async () => {
    put('gate', {}, { sentAt: addSeconds(start, 1) });
    expect(await redrive('gate', { before: start })).toMatchObject({ done: ['m-1'], more: false });
    expect((await ask(DlqAnswer, 'GET', '/dlqs/gate')).messages.map(({ id }) => id)).toEqual(['m-2']);
  });

  it('keeps what could not be sent, and says why', async () => {
    put('gate', {}, {}, {});
    world.deadLetters.before = (step, message) => {
      if (step === 'resend' && message?.id === 'm-2') throw new Error('throttled');
    };
    expect(await redrive('gate')).toMatchObject({
      done: ['m-1', 'm-3'],
      failed: [{ id: 'm-2', reason: 'not sent: Error: throttled' }],
    });
    world.deadLetters.before = () => undefined;
    expect(await redrive('gate')).toMatchObject({ done: ['m-2'] });
  });

  it('sends twice what it could not delete, and never not at all', async () => {
    put('gate', {});
    world.deadLetters.before = (step) => {
      if (step === 'remove') throw new Error('connection reset');
    };
    expect(await redrive('gate')).toMatchObject({
      done: [],
      failed: [{ id: 'm-1', reason: 'done, but still in the DLQ: Error: connection reset' }],
    });
    world.deadLetters.before = () => undefined;
    expect(await redrive('gate')).toMatchObject({ done: ['m-1'] });
    expect(bodies()).toEqual(['{"n":1}', '{"n":1}']);
  });

  it('by two at once sends each message once', async () => {
    put('gate', ...many(20));
    const answers = await Promise.all([redrive('gate'), redrive('gate')]);
    expect(answers.flatMap(({ done }) => done)).toHaveLength(20);
    expect(new Set(bodies()).size).toBe(20);
    expect(bodies()).toHaveLength(20);
  });

  it('the outbox sends what is pending, and then forgets the positions', async () => {
    await world.store.write(requested());
    put('outbox', { body: '{"DDBStreamBatchInfo":{}}' });
    expect(await redrive('outbox')).toMatchObject({ remedy: 'drain', done: ['m-1'], failed: [] });
    expect(world.bus.told.map(({ type }) => type)).toEqual(['EnvironmentRequested']);
    expect(bodies()).toEqual([]);
  });

  it('the outbox keeps the positions while something can not be sent', async () => {
    await world.store.write(requested());
    world.bus.refuse = () => 'no such bus';
    put('outbox', { body: '{"DDBStreamBatchInfo":{}}' });
    const kept = { id: 'm-1', reason: '1 pending entries could not be sent, the first: no such bus' };
    expect(await redrive('outbox')).toMatchObject({ done: [], failed: [kept] });
    world.bus.refuse = () => undefined;
    expect(await redrive('outbox')).toMatchObject({ done: ['m-1'] });
  });

  it('deletes what has nothing left to do, and refuses what is for people alone', async () => {
    put('reconcile', {});
    expect(await redrive('reconcile')).toMatchObject({ remedy: 'drop', done: ['m-1'] });
    put('undelivered', {});
    expect(await refused(world, olga, 'POST', '/dlqs/undelivered/redrive', {})).toMatchObject({
      status: 409,
      detail: 'tell people yourself',
    });
    expect(await world.deadLetters.count('undelivered')).toBe(1);
  });

  it.each([[{ ids: [] }], [{ ids: 'all' }], [{ before: 'now' }], [{ force: true }]])(
    '422: %o',
    async (body) => {
      expect(await refused(world, olga, 'POST', '/dlqs/gate/redrive', body)).toMatchObject({ status: 422 });
    },
  );
});
