/** What an environment costs while it runs, from its spec and the configuration's prices: an estimate, with what it assumes. */
import { besideOf } from './access.ts';
import type { Asking } from './usage.ts';
import * as z from './zod.ts';

const price = z.number().check(z.minimum(0));

/** An hour of each. The defaults: Fargate's on-demand cores and gigabytes and a g6.xlarge's GPU in us-east-1, an NLB, and a gp3 volume's gigabyte. */
export const Prices = z.strictObject({
  currency: z._default(z.string().check(z.regex(/^[A-Z]{3}$/)), 'USD'),
  cpu: z._default(price, 0.04048),
  memoryGiB: z._default(price, 0.004445),
  gpu: z._default(price, 0.8048),
  loadBalancer: z._default(price, 0.0225),
  storageGiB: z._default(price, 0.00011),
});
export type Prices = z.infer<typeof Prices>;

const span = { least: z.number(), most: z.number() };
export const Cost = z.object({
  currency: z.string(),
  perHour: z.object(span),
  /** 730 hours. */
  perMonth: z.object(span),
  parts: z.array(z.object({ what: z.string(), unitPerHour: z.number(), units: z.object(span) })),
  assumptions: z.array(z.string()),
});
export type Cost = z.infer<typeof Cost>;

const hoursAMonth = 730;

/** Between its fewest and its most replicas. */
export function costOf({ resources, replicas, access, volume }: Asking, prices: Prices): Cost {
  const beside = besideOf(access);
  const each = (units: number) => ({ least: units * replicas.min, most: units * replicas.max });
  const fixed = (units: number) => ({ least: units, most: units });
  const parts = [
    { what: 'CPU cores', unitPerHour: prices.cpu, units: each(resources.cpu + beside.cpu) },
    {
      what: 'GiB of memory',
      unitPerHour: prices.memoryGiB,
      units: each((resources.memoryMiB + beside.memoryMiB) / 1024),
    },
    { what: 'GPUs', unitPerHour: prices.gpu, units: each(resources.gpu) },
    { what: 'load balancers', unitPerHour: prices.loadBalancer, units: fixed(1) },
    { what: 'GiB of volumes', unitPerHour: prices.storageGiB, units: fixed(volume?.sizeGiB ?? 0) },
  ].filter(({ units }) => units.most > 0);
  const sum = (end: 'least' | 'most', hours: number) =>
    rounded(parts.reduce((total, { unitPerHour, units }) => total + unitPerHour * units[end] * hours, 0));
  return {
    currency: prices.currency,
    perHour: { least: sum('least', 1), most: sum('most', 1) },
    perMonth: { least: sum('least', hoursAMonth), most: sum('most', hoursAMonth) },
    parts,
    assumptions,
  };
}

const rounded = (amount: number): number => Math.round(amount * 10_000) / 10_000;

const assumptions = [
  'It runs day and night, from its fewest replicas to its most; what is stopped costs its load balancer and its volume.',
  'Nodes are paid for by what is asked for: what a node has left over is not counted.',
  "The load balancer's hours are counted, not what goes through it; builds, scans, images, snapshots and logs are not counted.",
  "Prices are the configuration's (`prices`), not read from AWS.",
];
