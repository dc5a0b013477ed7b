/** Costs: sums that can be done on paper, and laws: more is never cheaper, and the most is never below the least. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { costOf, Prices } from '#core/cost.ts';
import { Spec } from '#core/spec.ts';

const prices = Prices.parse({ cpu: 0.04, memoryGiB: 0.005, gpu: 1, loadBalancer: 0.02 });
const spec = (resources: object, replicas: unknown = 1) =>
  Spec.parse({ base: 'debian-12', command: ['app'], resources, replicas });

it('is what the parts cost, an hour and a month of 730', () => {
  const cost = costOf(spec({ cpu: 2, memoryMiB: 4096 }, { min: 1, max: 3 }), prices);
  expect(cost).toMatchObject({
    currency: 'USD',
    perHour: { least: 0.12, most: 0.32 },
    perMonth: { least: 87.6, most: 233.6 },
  });
  expect(cost.parts.map(({ what }) => what)).toEqual(['CPU cores', 'GiB of memory', 'load balancers']);
  expect(cost.assumptions.length).toBeGreaterThan(0);
});

it('a GPU is a part where one is asked for', () => {
  expect(costOf(spec({ gpu: 1 }), prices).parts.map(({ what }) => what)).toContain('GPUs');
});

it('a volume is a part, for what runs and for what is stopped', () => {
  const asked = Spec.parse({ base: 'b', command: ['app'], volume: { sizeGiB: 100 } });
  const { parts, assumptions } = costOf(asked, Prices.parse({}));
  const volume = parts.find(({ what }) => what === 'GiB of volumes');
  // gp3 in us-east-1: 0.08 dollars a gigabyte and month.
  expect(Math.round((volume?.unitPerHour ?? 0) * 730 * 100)).toBe(8);
  expect(volume?.units).toEqual({ least: 100, most: 100 });
  expect(assumptions.join()).toContain('what is stopped costs its load balancer and its volume');
});

it('working hours count for what is paid for by the hour that it runs, and for nothing else', () => {
  const workingHours = {
    timeZone: 'Europe/Berlin',
    days: ['mon', 'tue', 'wed', 'thu', 'fri'],
    from: '08:00',
    to: '18:00',
  };
  const asked = {
    base: 'b',
    command: ['app'],
    resources: { cpu: 2, memoryMiB: 4096 },
    volume: { sizeGiB: 100 },
  };
  const always = costOf(Spec.parse(asked), prices);
  const by = costOf(Spec.parse({ ...asked, workingHours }), prices);
  expect(by.perHour).toEqual(always.perHour);
  // 730 × 50 ÷ 168 hours of 2 × 0.04 + 4 × 0.005, and 730 of 0.02 + 100 × 0.00011.
  expect(by.perMonth.least).toBeCloseTo(217.2619 * 0.1 + 730 * 0.031, 2);
  expect(by.parts.map(({ what, hoursPerMonth }) => [what, hoursPerMonth])).toEqual([
    ['CPU cores', 217.2619],
    ['GiB of memory', 217.2619],
    ['load balancers', 730],
    ['GiB of volumes', 730],
  ]);
  expect(by.assumptions[0]).toMatch(/in its working hours, 50 of a week's 168/);
  const whole = {
    ...workingHours,
    days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
    from: '00:00',
    to: '24:00',
  };
  expect(costOf(Spec.parse({ ...asked, workingHours: whole }), prices).perMonth).toEqual(always.perMonth);
});

it('an NLB is about 16 dollars a month by the prices that nobody changed', () => {
  const { parts } = costOf(spec({}), Prices.parse({}));
  const balancer = parts.find(({ what }) => what === 'load balancers');
  expect(Math.round((balancer?.unitPerHour ?? 0) * 730)).toBe(16);
});

it('more is never cheaper, and the most is never below the least', () => {
  const resources = fc.record({
    cpu: fc.integer({ min: 1, max: 100 }).map((n) => n / 10),
    memoryMiB: fc.integer({ min: 32, max: 100_000 }),
    gpu: fc.integer({ min: 0, max: 4 }),
  });
  const range = fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 50 }));
  fc.assert(
    fc.property(resources, range, (asked, [min, more]) => {
      const { perHour, perMonth } = costOf(spec(asked, { min, max: min + more }), prices);
      expect(perHour.most).toBeGreaterThanOrEqual(perHour.least);
      expect(perMonth.least).toBeGreaterThanOrEqual(perHour.least);
      const bigger = costOf(spec({ ...asked, cpu: asked.cpu + 1 }, { min, max: min + more }), prices);
      expect(bigger.perHour.least).toBeGreaterThan(perHour.least);
    }),
  );
});
