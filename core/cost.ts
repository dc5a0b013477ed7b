/** What an environment costs while it runs, from its spec and the configuration's prices: an estimate, with what it assumes. */
import { besideOf } from './access.ts';
import type { Asking } from './usage.ts';
import { hoursAWeek, type WorkingHours } from './working-hours.ts';
import * as z from './zod.ts';

const price = z.number().check(z.minimum(0));

/** An hour of each. The defaults: Fargate's on-demand cores and gigabytes and a g6.xlarge's GPU in us-east-1, an NLB, and the gigabyte of a gp3 volume and of an EBS snapshot. */
export const Prices = z.strictObject({
  currency: z._default(z.string().check(z.regex(/^[A-Z]{3}$/)), 'USD'),
  cpu: z._default(price, 0.04048),
  memoryGiB: z._default(price, 0.004445),
  gpu: z._default(price, 0.8048),
  loadBalancer: z._default(price, 0.0225),
  storageGiB: z._default(price, 0.00011),
  snapshotGiB: z._default(price, 0.0000685),
});
export type Prices = z.infer<typeof Prices>;

const span = { least: z.number(), most: z.number() };
export const Cost = z.object({
  currency: z.string(),
  /** While it runs. */
  perHour: z.object(span),
  /** Of 730 hours, of which it may run in some alone. */
  perMonth: z.object(span),
  parts: z.array(
    z.object({ what: z.string(), unitPerHour: z.number(), units: z.object(span), hoursPerMonth: z.number() }),
  ),
  assumptions: z.array(z.string()),
});
export type Cost = z.infer<typeof Cost>;

const hoursAMonth = 730;
const hoursOfWeek = 168;

type Costing = Asking & { readonly workingHours?: WorkingHours | undefined };

/** Between its fewest and its most replicas. */
export function costOf({ resources, replicas, access, volume, workingHours }: Costing, prices: Prices): Cost {
  const beside = besideOf(access);
  const running = workingHours
    ? rounded((hoursAMonth * hoursAWeek(workingHours)) / hoursOfWeek)
    : hoursAMonth;
  const each = (units: number) => ({
    units: { least: units * replicas.min, most: units * replicas.max },
    hoursPerMonth: running,
  });
  /** Also while it is stopped. */
  const fixed = (units: number) => ({ units: { least: units, most: units }, hoursPerMonth: hoursAMonth });
  const parts = [
    { what: 'CPU cores', unitPerHour: prices.cpu, ...each(resources.cpu + beside.cpu) },
    {
      what: 'GiB of memory',
      unitPerHour: prices.memoryGiB,
      ...each((resources.memoryMiB + beside.memoryMiB) / 1024),
    },
    { what: 'GPUs', unitPerHour: prices.gpu, ...each(resources.gpu) },
    { what: 'load balancers', unitPerHour: prices.loadBalancer, ...fixed(1) },
    { what: 'GiB of volumes', unitPerHour: prices.storageGiB, ...fixed(volume?.sizeGiB ?? 0) },
  ].filter(({ units }) => units.most > 0);
  const sum = (end: 'least' | 'most', hours: (part: (typeof parts)[number]) => number) =>
    rounded(parts.reduce((total, part) => total + part.unitPerHour * part.units[end] * hours(part), 0));
  const hour = () => 1;
  const month = ({ hoursPerMonth }: { readonly hoursPerMonth: number }) => hoursPerMonth;
  return {
    currency: prices.currency,
    perHour: { least: sum('least', hour), most: sum('most', hour) },
    perMonth: { least: sum('least', month), most: sum('most', month) },
    parts,
    assumptions: [runsFor(workingHours), ...assumptions],
  };
}

const runsFor = (hours: WorkingHours | undefined): string =>
  `It runs ${hours ? `in its working hours, ${hoursAWeek(hours)} of a week's 168, and nobody starts it beside them` : 'day and night'}, from its fewest replicas to its most; what is stopped costs its load balancer and its volume.`;

const rounded = (amount: number): number => Math.round(amount * 10_000) / 10_000;

const assumptions = [
  'Nodes are paid for by what is asked for: what a node has left over is not counted.',
  "The load balancer's hours are counted, not what goes through it; builds, scans, images, snapshots (`GET /teams/{team}/snapshots`) and logs are not counted.",
  "Prices are the configuration's (`prices`), not read from AWS.",
];
