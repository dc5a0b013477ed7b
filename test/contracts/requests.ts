/** What every memory of requests must do: a key is of one request, that is done once, and is answered as it was. */
import { beforeEach, expect } from 'vitest';
import { addSeconds, type EnvironmentKey } from '#core/names.ts';
import type { Enclosed } from '#core/ports.ts';
import type { RequestRef, Requests } from '#core/request-ports.ts';
import { contract, type Deviations } from './contract.ts';
import { keyOf, requested, start } from './samples.ts';

export interface RequestsWorld {
  readonly requests: Requests;
  readonly store: { write(change: ReturnType<typeof requested>, enclosed: Enclosed): Promise<void> };
}
let runs = 0;

export function requestsContract(name: string, make: () => RequestsWorld, deviations: Deviations = {}): void {
  contract(name, 'the requests', deviations, (test) => {
    let world: RequestsWorld;
    let ref: RequestRef;
    let key: EnvironmentKey;
    beforeEach(() => {
      world = make();
      const id = `n${(runs++).toString(36)}-${Date.now().toString(36)}`;
      ref = { person: 'rita', key: id };
      key = keyOf('requests', id);
    });
    const at = (seconds: number) => addSeconds(start, seconds);
    const begin = (seconds: number, fingerprint = 'asked', one = ref) =>
      world.requests.begin(one, fingerprint, at(seconds), at(seconds + 60));
    const answer = { status: 201, headers: { etag: '"1"' }, body: '{"phase":"building – ü"}' };

    test('who comes first does it; whoever sends it again meanwhile is told so', async () => {
      const begun = await Promise.all([0, 0, 0, 0].map((seconds) => begin(seconds)));
      expect(begun.map(({ state }) => state).sort()).toEqual(['running', 'running', 'running', 'yours']);
    });

    test('what was answered is answered again, for a day', async () => {
      await begin(0);
      await world.requests.finish(ref, answer);
      for (const seconds of [1, 86_399]) expect(await begin(seconds)).toEqual({ state: 'answered', answer });
      expect(await begin(86_400)).toEqual({ state: 'yours' });
    });

    test('a key is of one request, and of one person', async () => {
      await begin(0);
      expect(await begin(1, 'something else')).toEqual({ state: 'other' });
      expect(await begin(1, 'something else', { ...ref, person: 'anna' })).toEqual({ state: 'yours' });
      await world.requests.finish(ref, answer);
      expect(await begin(2, 'something else')).toEqual({ state: 'other' });
    });

    test('what crashed is taken up by the same request, when its time is over', async () => {
      await begin(0);
      expect(await begin(59)).toEqual({ state: 'running' });
      expect(await begin(60, 'something else')).toEqual({ state: 'other' });
      expect(await begin(60)).toEqual({ state: 'yours' });
    });

    test('what came to nothing leaves the key free, for whatever request', async () => {
      await begin(0);
      await world.requests.free(ref);
      expect(await begin(1, 'something else')).toEqual({ state: 'yours' });
    });

    test('what was written is done, though whoever wrote it crashed before the answer, or thought that it failed', async () => {
      await begin(0);
      await world.store.write(requested({ key }), { request: ref });
      await world.requests.free(ref);
      expect(await begin(60)).toEqual({ state: 'done' });
      await world.requests.finish(ref, answer);
      expect(await begin(61)).toEqual({ state: 'answered', answer });
    });

    test('an answer that is too large to be kept is done', async () => {
      await begin(0);
      let body = '';
      for (let n = 1; body.length < 700_000; n = (n * 48_271) % 2_147_483_647) body += n.toString(36);
      await world.requests.finish(ref, { ...answer, body });
      expect(await begin(1)).toEqual({ state: 'done' });
    });
  });
}
