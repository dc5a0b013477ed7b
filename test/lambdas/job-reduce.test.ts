/** A job whose results are brought together: asked for once, again where it was lost, anew after a retry; and what the job comes to. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ChunkEvent } from '#core/jobs/chunk.ts';
import { part } from '../core/jobs/samples.ts';
import { fill, JobWorld, key } from './job-world.ts';

const reduce = { kind: 'concatenate' };
const signal = new AbortController().signal;
let world: JobWorld;
beforeEach(async () => {
  world = new JobWorld();
  fill(world);
});

async function worked(parts: object = {}, event?: (id: string) => ChunkEvent): Promise<void> {
  await world.ask({ reduce, ...parts });
  await world.look();
  await world.look();
  await world.seen();
  await world.work(event);
}

/** As a worker does it. @returns the chunk's id. */
async function bringTogether(failure?: string): Promise<string> {
  const at = (id: string) => `jobs/${key.team}/${key.name}/${id}/1-0`;
  const { id } = await world.step(({ id }) => ({ key: at(id), bytes: 50, crc32: 9 }), failure);
  return id;
}

async function ended() {
  await world.look(10);
  await world.seen();
  await world.look(10);
  return world.look(10);
}

describe('a job with a reduce', () => {
  it('has its manifest, and one worker, and then its results in one', async () => {
    await worked();
    expect(await world.look(15)).toMatchObject({ phase: 'reducing' });
    await world.look(10);
    expect(world.lines('manifest')).toHaveLength(5);
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'running', slots: 1, spec: { reduce } });
    const id = await bringTogether();
    expect(await world.look(10)).toMatchObject({
      phase: 'finishing',
      outcome: 'succeeded',
      reduced: { key: `jobs/${key.team}/${key.name}/${id}/1-0`, bytes: 50 },
      tally: { committed: 5, records: 5 },
    });
    expect(await ended()).toMatchObject({ phase: 'ended', reduced: { bytes: 50, crc32: 9 } });
    expect(await world.said()).toContain('its results are brought together');
  });

  it('asks again only where nobody has it', async () => {
    await worked();
    for (let i = 0; i < 3; i++) await world.look(15);
    expect(await world.queues.messages(key.name)).toBe(1);
    const lost = await world.queue.receive(0, signal);
    await world.queue.remove(lost?.receipt ?? '');
    await world.look(15);
    expect(await world.queues.messages(key.name)).toBe(1);
  });

  it('fails with what its worker said; a retry brings them together anew, and works at no chunk again', async () => {
    await worked();
    await world.look(15);
    await world.look(10);
    const first = await bringTogether('the result of chunk 3 is not in order');
    expect(await world.look(10)).toMatchObject({
      phase: 'finishing',
      outcome: 'failed',
      reason: expect.stringContaining('not in order'),
    });
    expect(await ended()).toMatchObject({ phase: 'ended', outcome: 'failed' });
    await world.say({ kind: 'retry', by: 'bob' });
    for (let i = 0; i < 3; i++) await world.look(10);
    // Each chunk is sent again, and removed unread.
    for (;;) {
      const delivery = await world.queue.receive(0, signal);
      if (delivery === undefined) break;
      expect(delivery.message.chunk.id).toMatch(/^\d+$/);
      await world.queue.remove(delivery.receipt);
    }
    for (let i = 0; i < 3; i++) await world.look(15);
    expect(await world.job()).toMatchObject({ phase: 'reducing' });
    const second = await bringTogether();
    expect(second).not.toBe(first);
    expect(await world.look(10)).toMatchObject({ phase: 'finishing', outcome: 'succeeded' });
  });

  it('brings together what there is where some may fail, and says so', async () => {
    const failure = { kind: 'command', message: 'no' } as const;
    await worked({ toleratedFailures: 1 }, (id) =>
      id === '2' ? { kind: 'fail', attempt: 1, failure } : { kind: 'commit', part: part(1) },
    );
    await world.look(15);
    await world.look(10);
    await bringTogether();
    expect(await world.look(10)).toMatchObject({
      phase: 'finishing',
      outcome: 'succeeded',
      reason: '1 chunk failed, as may be.',
    });
  });

  it('is paused and cancelled there too', async () => {
    await worked();
    await world.look(15);
    await world.say({ kind: 'pause', by: 'bob' });
    await world.look(10);
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'paused', slots: 0 });
    await world.say({ kind: 'resume', by: 'bob' });
    await world.look(10);
    expect(await world.slots.wanted(key)).toMatchObject({ phase: 'running', slots: 1 });
    await world.say({ kind: 'cancel', by: 'bob' });
    expect(await world.look()).toMatchObject({ phase: 'finishing', outcome: 'cancelled' });
  });

  it('of nothing has nothing to bring together', async () => {
    await world.ask({ reduce, dataset: 's3://lake/datasets/none/' });
    expect(await world.look()).toMatchObject({ phase: 'finishing', outcome: 'succeeded' });
  });
});
