/** Usage: what replicas at their most ask for, added without the errors of fractions. */
import { expect, it } from 'vitest';
import { Spec } from '#core/spec.ts';
import { Amounts, asksOf, Quota, sum } from '#core/usage.ts';

const asked = (cpu: number, replicas: unknown = 1) =>
  asksOf(Spec.parse({ base: 'b', command: ['app'], resources: { cpu, memoryMiB: 100, gpu: 1 }, replicas }));

it('counts the most replicas that it may have', () => {
  expect(asked(0.5, { min: 1, max: 4 })).toEqual({
    cpu: 2,
    memoryMiB: 400,
    gpu: 4,
    environments: 1,
    storageGiB: 0,
  });
});

it('a volume counts once, whatever its pods', () => {
  const volume = { sizeGiB: 7, access: 'ReadWriteMany' };
  const spec = Spec.parse({ base: 'b', command: ['app'], replicas: 3, volume });
  expect(asksOf(spec)).toMatchObject({ storageGiB: 7, environments: 1 });
});

it('what was written before there were volumes holds none', () => {
  expect(Amounts.parse({ cpu: 1, memoryMiB: 1, gpu: 0, environments: 1 }).storageGiB).toBe(0);
});

it('adds tenths to whole numbers', () => {
  expect(sum([asked(0.1), asked(0.2)])).toEqual({
    cpu: 0.3,
    memoryMiB: 200,
    gpu: 2,
    environments: 2,
    storageGiB: 0,
  });
  expect(sum([])).toEqual({ cpu: 0, memoryMiB: 0, gpu: 0, environments: 0, storageGiB: 0 });
});

it('a quota has no GPU unless somebody gave one', () => {
  expect(Quota.parse({})).toMatchObject({ gpu: 0, environments: 20 });
});

it('counts what SSH takes beside the application, in each replica', () => {
  const access = { ssh: true, memoryMiB: 128 };
  const spec = { base: 'b', command: ['app'], resources: { cpu: 0.5, memoryMiB: 100 }, replicas: 2, access };
  expect(asksOf(Spec.parse(spec))).toEqual({
    cpu: 1.06,
    memoryMiB: 648,
    gpu: 0,
    environments: 1,
    storageGiB: 0,
  });
});
