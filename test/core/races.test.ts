/**
 * The laws of writing, whoever comes between: news that is decided upon what was read long ago, twice, out of order or
 * with a clock that is off, and functions that are gone before or after their write. What is stored is one line of versions.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryStore } from '#adapters/memory/store.ts';
import type { Change } from '#core/decision.ts';
import type { Environment } from '#core/environment.ts';
import { Conflict } from '#core/errors.ts';
import { next } from '#core/machine.ts';
import { type Digest, environmentId } from '#core/names.ts';
import { stagesToLook } from '#core/reconcile.ts';
import type { Verdict } from '#core/verdict.ts';
import { at, changed, key, requested, spec } from './samples.ts';
import { newsOf, type Step, story } from './stories.ts';

/** How one piece of news is handled: upon what was read so many writes ago, by a clock that is off, to what end. */
const anyWay = fc.record({
  readsBack: fc.constantFrom(0, 0, 0, 1, 2, 5),
  skew: fc.constantFrom(0, 0, -3, 3),
  end: fc.constantFrom('told', 'told', 'told', 'doubled', 'dropped', 'crashed before', 'crashed after'),
});
type Way = typeof anyWay extends fc.Arbitrary<infer W> ? W : never;
const anyRace = story.chain((steps) =>
  fc.tuple(fc.constant(steps), fc.array(anyWay, { minLength: steps.length, maxLength: steps.length })),
);

class Race {
  readonly store = new MemoryStore();
  readonly verdicts = new Map<Digest, Verdict>();
  readonly written: Change[] = [];
  conflicts = 0;
  #read: Environment[] = [];

  async begin(): Promise<this> {
    const request = { key, cluster: 'main', requester: 'ann', spec };
    await this.#write(changed(next(undefined, { kind: 'requested', request }, at(0))));
    return this;
  }

  /** @returns undefined where nothing was decided. */
  async handle(step: Step, { readsBack, skew, end }: Way, seconds: number): Promise<void> {
    if (end === 'dropped') return;
    const environment = this.#read.at(-1 - readsBack) ?? requested();
    const now = at(seconds + skew);
    const decision = next(environment, newsOf(step, environment, this.verdicts, now), now);
    if (decision.outcome !== 'changed' || end === 'crashed before') return;
    await this.#write(decision);
    if (end === 'doubled') await this.#write(decision);
  }

  async #write(change: Change): Promise<void> {
    const before = await this.store.read(key);
    try {
      await this.store.write(change);
      expect(change.environment.version).toBe((before?.version ?? 0) + 1);
      this.written.push(change);
      this.#read.push(change.environment);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      this.conflicts++;
      expect(await this.store.read(key)).toEqual(before);
    }
  }
}

it('hold whatever comes between reading and writing', async () => {
  let conflicts = 0;
  await fc.assert(
    fc.asyncProperty(anyRace, async ([steps, ways]) => {
      const race = await new Race().begin();
      let seconds = 100;
      for (const [i, step] of steps.entries()) {
        seconds += step.wait;
        const way = ways[i];
        if (way) await race.handle(step, way, seconds);
      }
      conflicts += race.conflicts;
      await checkStory(race);
    }),
    { numRuns: 200 },
  );
  expect(conflicts).toBeGreaterThan(50);
});

/** What is stored, told and noted is what was written, and nothing of what was not; what waits is found by its index. */
async function checkStory({ store, written }: Race): Promise<void> {
  const last = written.at(-1)?.environment;
  expect(written.map(({ environment }) => environment.version)).toEqual(written.map((_, i) => i + 1));
  expect(await store.read(key)).toEqual(last);
  expect(await store.audit(key, 1000)).toEqual(written.flatMap(({ audit }) => (audit ? [audit] : [])));
  const pending = await store.pending(at(999_999), 10_000);
  const events = pending.flatMap(({ message }) => (message.kind === 'event' ? [message.event] : []));
  const byTime = (a: { at: string }, b: { at: string }) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0);
  expect([...events].sort(byTime)).toEqual(written.flatMap((change) => change.events).sort(byTime));
  const { environments } = await store.due(at(999_999), 10);
  const waits = last && stagesToLook(last, at(999_999)).length > 0;
  expect(environments.map((found) => environmentId(found.key))).toEqual(waits ? [environmentId(key)] : []);
}
