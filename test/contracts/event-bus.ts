/** What every event bus must do: each event is told, or it is said why not, whatever else is in the same call. */
import { beforeEach, expect, vi } from 'vitest';
import { parseEvent } from '#core/aws-events.ts';
import type { DomainEvent } from '#core/events.ts';
import type { EventBus } from '#core/ports.ts';
import { contract, type Deviations } from './contract.ts';
import { digestOf, start, web } from './samples.ts';

export interface BusWorld {
  readonly bus: EventBus;
  /** What a subscriber of all events got since it was asked last: events as EventBridge hands them on. */
  received(): Promise<readonly unknown[]>;
}

const passed = (text: string): DomainEvent => ({
  type: 'ImagePassed',
  environment: web,
  cluster: 'main',
  at: start,
  digest: digestOf(text),
});
/** Of about so many bytes. */
const large = (bytes: number): DomainEvent => ({
  type: 'PromotionRefused',
  environment: web,
  cluster: 'main',
  at: start,
  digest: digestOf(String(bytes)),
  reason: 'x'.repeat(bytes),
});

export function eventBusContract(
  name: string,
  make: () => Promise<BusWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'the event bus', deviations, (test) => {
    let world: BusWorld;
    beforeEach(async () => {
      world = await make();
    });
    /** In any order: EventBridge promises none. */
    const hears = async (told: readonly DomainEvent[]) => {
      const heard: DomainEvent[] = [];
      await vi.waitFor(
        async () => {
          for (const message of await world.received()) {
            const signal = parseEvent(message);
            if (signal.kind === 'told') heard.push(signal.event);
          }
          expect(heard.length).toBeGreaterThanOrEqual(told.length);
        },
        { timeout: 20_000, interval: 100 },
      );
      expect(heard).toHaveLength(told.length);
      expect(heard).toEqual(expect.arrayContaining([...told]));
    };

    test('an event arrives as it was told', async () => {
      expect(await world.bus.tell([passed('one')])).toEqual([undefined]);
      await hears([passed('one')]);
    });

    test('nothing to tell is nothing to do', async () => {
      expect(await world.bus.tell([])).toEqual([]);
      expect(await world.received()).toEqual([]);
    });

    test('more events than one call takes are all told', async () => {
      const events = Array.from({ length: 23 }, (_, i) => passed(String(i)));
      expect(await world.bus.tell(events)).toEqual(events.map(() => undefined));
      await hears(events);
    });

    test('events that are too large together are told apart', async () => {
      const events = [1, 2, 3, 4, 5].map((i) => large(80_000 + i));
      expect(await world.bus.tell(events)).toEqual(events.map(() => undefined));
      await hears(events);
    });

    test('an event that is too large by itself has its reason, the others are told', async () => {
      const [before, after] = [passed('before'), passed('after')];
      const reasons = await world.bus.tell([before, large(300_000), after]);
      expect(reasons.map((reason) => reason === undefined)).toEqual([true, false, true]);
      await hears([before, after]);
    });
  });
}
