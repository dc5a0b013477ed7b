/** When it is told: at once, at most once a second for each environment, and never not at all. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EnvironmentKey, environmentId } from '#core/names.ts';
import { Fact } from '#core/seen.ts';
import { batchSize, gapMs, type News, Telling } from '#core/telling.ts';
import { keyOf } from '../contracts/samples.ts';

const [web, api] = [keyOf('checkout', 'web'), keyOf('checkout', 'api')];
const news = (environment: EnvironmentKey, facts: Fact[], since: number, urgent = true): News => ({
  environment,
  facts: new Set(facts),
  urgent,
  since,
});
const told = (batch: readonly News[]) =>
  batch.map(({ environment, facts }) => [environmentId(environment), [...facts]]);

describe('what changed', () => {
  it('is told at once where it was quiet', () => {
    const telling = new Telling();
    telling.note(news(web, ['oom'], 0));
    expect(told(telling.take(0))).toEqual([['checkout/web', ['oom']]]);
    expect(telling.take(0)).toEqual([]);
  });

  it('is gathered for a second and told in one message', () => {
    const telling = new Telling();
    telling.note(news(web, ['oom'], 0));
    telling.take(0);
    telling.note(news(web, ['ready'], 100));
    telling.note(news(web, ['restarts'], 200));
    telling.note(news(web, ['ready'], 300));
    expect(telling.take(gapMs - 1)).toEqual([]);
    expect(told(telling.take(gapMs))).toEqual([['checkout/web', ['ready', 'restarts']]]);
  });

  it('of one environment does not wait for another', () => {
    const telling = new Telling();
    telling.note(news(web, ['oom'], 0));
    telling.take(0);
    telling.note(news(web, ['ready'], 1));
    telling.note(news(api, ['oom'], 2));
    expect(told(telling.take(3))).toEqual([['checkout/api', ['oom']]]);
  });

  it('goes before what is merely there, which is told ten a second', () => {
    const telling = new Telling();
    for (let i = 0; i < 25; i++) telling.note(news(keyOf('checkout', `e${i}`), ['existence'], 0, false));
    telling.note(news(web, ['oom'], 5));
    const first = telling.take(10);
    expect(first).toHaveLength(batchSize);
    expect(first[0]?.environment).toEqual(web);
    expect(telling.take(500)).toEqual([]);
    expect(telling.take(1_010)).toHaveLength(10);
    expect(telling.take(2_010)).toHaveLength(6);
    expect(telling.waiting).toBe(0);
  });

  it('becomes urgent when it changes while it waits', () => {
    const telling = new Telling();
    telling.note(news(web, ['existence'], 0, false));
    telling.note(news(web, ['oom'], 1));
    expect(told(telling.take(1))).toEqual([['checkout/web', ['existence', 'oom']]]);
  });
});

describe('laws', () => {
  const keys = Array.from({ length: 30 }, (_, i) => keyOf('checkout', `e${i}`));
  const step = fc.record({
    environment: fc.constantFrom(...keys),
    fact: fc.constantFrom(...Fact.options),
    urgent: fc.boolean(),
    afterMs: fc.nat(400),
    /** Whether the queue takes the batch of this step. */
    taken: fc.boolean(),
  });

  it('all that is noted is told; none twice in a second; ten a batch; one entry for each environment', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const telling = new Telling();
        const noted = new Set<string>();
        const done = new Set<string>();
        const last = new Map<string, number>();
        let now = 0;
        const turn = (taken: boolean) => {
          const batch = telling.take(now);
          expect(batch.length).toBeLessThanOrEqual(batchSize);
          for (const one of batch) {
            const id = environmentId(one.environment);
            expect(now - (last.get(id) ?? -gapMs)).toBeGreaterThanOrEqual(gapMs);
            last.set(id, now);
            if (taken) for (const fact of one.facts) done.add(`${id} ${fact}`);
            else telling.note(one);
          }
        };
        for (const { environment, fact, urgent, afterMs, taken } of steps) {
          now += afterMs;
          telling.note(news(environment, [fact], now, urgent));
          noted.add(`${environmentId(environment)} ${fact}`);
          expect(telling.waiting).toBeLessThanOrEqual(keys.length);
          turn(taken);
        }
        for (let i = 0; telling.waiting > 0 && i < 100; i++) {
          now += gapMs;
          turn(true);
        }
        expect(telling.waiting).toBe(0);
        expect([...noted].filter((one) => !done.has(one))).toEqual([]);
      }),
    );
  });
});
