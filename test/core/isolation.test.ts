/** Whom an environment may talk to, as a packet filter would read its policies. */
import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import { networkPolicies, publicRanges } from '#core/isolation.ts';
import { Spec } from '#core/spec.ts';
import * as z from '#core/zod.ts';
import { key, spec } from './samples.ts';

const Peers = z.array(z.strictObject({ ipBlock: z.strictObject({ cidr: z.cidrv4() }) }));
const withSsh = Spec.parse({ ...spec, access: { ssh: true } });
const Ports = z.array(z.strictObject({ protocol: z.enum(['TCP', 'UDP']), port: z.int() }));
const Policy = z.object({
  spec: z.strictObject({
    podSelector: z.strictObject({}),
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
    ingress: z.optional(z.array(z.strictObject({ from: Peers, ports: Ports }))),
    egress: z.optional(z.array(z.strictObject({ to: Peers, ports: Ports }))),
  }),
});
type Scheme = 'internal' | 'internet-facing';
const policies = (loadBalancerScheme: Scheme, wanted = spec) =>
  networkPolicies({ key, spec: wanted, loadBalancerScheme, kubernetesVersion: '1.36' }).map(
    (policy) => Policy.parse(policy).spec,
  );

const covers = (peers: z.infer<typeof Peers>, address: string): boolean =>
  peers.some(({ ipBlock }) => {
    const list = new BlockList();
    const [network = '', bits] = ipBlock.cidr.split('/');
    list.addSubnet(network, Number(bits));
    return list.check(address);
  });
const opens = (ports: z.infer<typeof Ports>, protocol: string, port: number): boolean =>
  ports.some((open) => open.protocol === protocol && open.port === port);
const mayReach = (address: string, port: number, protocol = 'TCP') =>
  policies('internal').some(({ egress = [] }) =>
    egress.some(({ to, ports }) => covers(to, address) && opens(ports, protocol, port)),
  );
const mayBeReached = (scheme: Scheme, from: string, port: number, wanted = spec) =>
  policies(scheme, wanted).some(({ ingress = [] }) =>
    ingress.some((rule) => covers(rule.from, from) && opens(rule.ports, 'TCP', port)),
  );

it('nothing is open that no policy opens: one selects all pods, both ways, and opens nothing', () => {
  expect(policies('internal')[0]).toEqual({
    podSelector: {},
    policyTypes: ['Ingress', 'Egress'],
    ingress: [],
    egress: [],
  });
  for (const { policyTypes, ingress, egress } of policies('internal')) {
    if (ingress?.length) expect(policyTypes).toContain('Ingress');
    if (egress?.length) expect(policyTypes).toContain('Egress');
  }
});

describe('reaches', () => {
  it.each([
    ['a server of the internet', '93.184.215.14', 443],
    ['the same without TLS', '8.8.8.8', 80],
    ['just below the private range', '9.255.255.255', 443],
    ['just above it', '11.0.0.0', 443],
    ['beside link-local', '169.253.255.255', 443],
    ['beside the shared range', '100.128.0.0', 443],
    ['AWS itself', '52.94.236.248', 443],
  ])('%s', (_, address, port) => expect(mayReach(address, port)).toBe(true));
  it('the name server, whose address is a Service’s', () => {
    for (const address of ['10.100.0.10', '172.20.0.10']) {
      expect(mayReach(address, 53, 'UDP')).toBe(true);
      expect(mayReach(address, 53, 'TCP')).toBe(true);
    }
  });
});

describe('never reaches', () => {
  it.each([
    ['the metadata address', '169.254.169.254', 80],
    ['the agent that gives pods an identity', '169.254.170.23', 80],
    ['the cluster’s API by its Service', '172.20.0.1', 443],
    ['the same in another range', '10.100.0.1', 443],
    ['the cluster’s API in the VPC', '10.0.1.17', 443],
    ['a kubelet', '10.0.1.18', 10250],
    ['another environment', '10.0.2.33', 9000],
    ['the shared range', '100.64.0.1', 443],
    ['itself', '127.0.0.1', 443],
    ['multicast', '224.0.0.251', 443],
    ['a name server of the internet', '8.8.8.8', 53],
    ['mail', '93.184.215.14', 25],
  ])('%s', (_, address, port) => {
    expect(mayReach(address, port)).toBe(false);
    if (port !== 53) expect(mayReach(address, port, 'UDP')).toBe(false);
  });
});

describe('is reached on its port', () => {
  it('from the VPC, and from elsewhere where its load balancer faces it', () => {
    expect(mayBeReached('internal', '10.0.0.8', 9000)).toBe(true);
    expect(mayBeReached('internal', '93.184.215.14', 9000)).toBe(false);
    expect(mayBeReached('internet-facing', '93.184.215.14', 9000)).toBe(true);
  });
  it.each([22, 80, 8080])('not on %d', (port) => {
    expect(mayBeReached('internet-facing', '10.0.0.8', port)).toBe(false);
  });
});

describe('with source ranges', () => {
  const wanted = Spec.parse({ ...spec, access: { sourceRanges: ['203.0.113.0/24'] } });
  it.each<Scheme>(['internal', 'internet-facing'])(
    'an %s one is reached from them, and by its load balancer',
    (scheme) => {
      expect(mayBeReached(scheme, '203.0.113.7', 9000, wanted)).toBe(true);
      // The balancer's own address, in the VPC: it asks for health, and may stand in for its clients.
      expect(mayBeReached(scheme, '10.0.0.8', 9000, wanted)).toBe(true);
      expect(mayBeReached(scheme, '203.0.114.7', 9000, wanted)).toBe(false);
      expect(mayBeReached(scheme, '8.8.8.8', 9000, wanted)).toBe(false);
    },
  );
  it('of everybody, everybody', () => {
    const all = Spec.parse({ ...spec, access: { sourceRanges: ['0.0.0.0/0'] } });
    expect(mayBeReached('internet-facing', '8.8.8.8', 9000, all)).toBe(true);
  });
});

it('the public ranges are whole blocks, none within another', () => {
  const blocks = publicRanges().map((cidr) => {
    const list = new BlockList();
    const [network = '', bits] = cidr.split('/');
    list.addSubnet(network, Number(bits));
    return { network, list };
  });
  for (const { network, list } of blocks)
    expect(blocks.filter((other) => other.list !== list && other.list.check(network))).toEqual([]);
});

describe('with SSH', () => {
  const input = { key, spec: withSsh, loadBalancerScheme: 'internal', kubernetesVersion: '1.36' } as const;
  const added = networkPolicies(input).filter(({ metadata }) => metadata.name === 'ask-access');
  const serve = networkPolicies(input).find(({ metadata }) => metadata.name === 'serve');

  it("the gate's port is open to whom the application's is, and the server's own is not", () => {
    expect(serve).toMatchObject({
      spec: {
        ingress: [
          {
            ports: [
              { protocol: 'TCP', port: 9000 },
              { protocol: 'TCP', port: 2222 },
            ],
          },
        ],
      },
    });
    expect(JSON.stringify(networkPolicies(input))).not.toMatch(/2223|2224/);
  });

  it('pods may ask the access service, and nothing else of that namespace', () => {
    expect(added).toMatchObject([
      {
        spec: {
          policyTypes: ['Egress'],
          egress: [
            {
              to: [
                {
                  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'getschwifty-system' } },
                  podSelector: { matchLabels: { 'app.kubernetes.io/name': 'access' } },
                },
              ],
              ports: [{ protocol: 'TCP', port: 8080 }],
            },
          ],
        },
      },
    ]);
  });
});
