/**
 * Gives every Service of type LoadBalancer an address that the host routes to the node, as EKS gives it a
 * Network Load Balancer. The address is kept in the Service's status only: it lives and ends with the Service,
 * and this controller can be started again at any time.
 */
import { BlockList } from 'node:net';
import * as z from '#core/zod.ts';
import type { KubernetesApi } from './api.ts';
import { type Loop, repeat } from './loop.ts';

const serviceSchema = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string() }),
  spec: z.object({ type: z.optional(z.string()), loadBalancerClass: z.optional(z.string()) }),
  status: z.object({
    loadBalancer: z._default(
      z.object({ ingress: z._default(z.array(z.object({ ip: z.optional(z.string()) })), []) }),
      { ingress: [] },
    ),
  }),
});
export type Service = z.infer<typeof serviceSchema>;

interface Assignment {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
}

interface LoadBalancerOptions {
  readonly api: KubernetesApi;
  /** Such as `10.61.1.0/24`: instance.network.loadBalancers. */
  readonly range: string;
  readonly log: (message: string) => void;
}

export function startLoadBalancer({ api, range, log }: LoadBalancerOptions): Loop {
  return repeat(
    1000,
    async () => {
      const { items } = await api.get('/api/v1/services', z.object({ items: z.array(serviceSchema) }));
      for (const { namespace, name, address } of assignAddresses(items, range)) {
        const status = { loadBalancer: { ingress: [{ ip: address }] } };
        await api.patch(`/api/v1/namespaces/${namespace}/services/${name}/status`, { status });
        log(`${namespace}/${name} has address ${address}`);
      }
    },
    log,
  );
}

/** The addresses to hand out: to Services that have none of the range, or one that another has already. */
export function assignAddresses(services: readonly Service[], range: string): Assignment[] {
  const balanced = services.filter(isOurs);
  const taken = new Set<string>();
  const waiting: Service[] = [];
  const inRange = rangeCheck(range);
  for (const service of balanced) {
    const address = service.status.loadBalancer.ingress[0]?.ip;
    if (address !== undefined && inRange(address) && !taken.has(address)) taken.add(address);
    else waiting.push(service);
  }
  const free = addressesOf(range).filter((address) => !taken.has(address));
  if (waiting.length > free.length)
    throw new Error(
      `${waiting.length} Services of type LoadBalancer need an address and ${range} has ${free.length} left: delete some`,
    );
  return waiting.flatMap(({ metadata }, index) => {
    const address = free[index];
    return address === undefined ? [] : [{ ...metadata, address }];
  });
}

/** As EKS Auto Mode: Services of no class, or of its own. */
function isOurs({ spec }: Service): boolean {
  const { type, loadBalancerClass = 'eks.amazonaws.com/nlb' } = spec;
  return type === 'LoadBalancer' && loadBalancerClass === 'eks.amazonaws.com/nlb';
}

function rangeCheck(range: string): (address: string) => boolean {
  const [network, bits] = parseRange(range);
  const list = new BlockList();
  list.addSubnet(network, bits);
  return (address) => list.check(address);
}

/** All but the network's own address and the last one. */
function addressesOf(range: string): string[] {
  const [network, bits] = parseRange(range);
  const first = network.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return Array.from({ length: 2 ** (32 - bits) - 2 }, (_, index) => {
    const address = first + index + 1;
    return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
  });
}

function parseRange(range: string): [network: string, bits: number] {
  const [network, bits] = z.cidrv4().parse(range).split('/');
  return [network ?? '', Number(bits)];
}
