import { describe, expect, it } from 'vitest';
import { assignAddresses, type Service } from '#local/kubernetes/load-balancer.ts';

const service = (name: string, ip?: string, spec: Service['spec'] = { type: 'LoadBalancer' }): Service => ({
  metadata: { namespace: 'team', name },
  spec,
  status: { loadBalancer: { ingress: ip === undefined ? [] : [{ ip }] } },
});
const addresses = (services: Service[], range = '10.61.1.0/24'): Record<string, string> =>
  Object.fromEntries(assignAddresses(services, range).map(({ name, address }) => [name, address]));

describe('addresses of load balancers', () => {
  it('gives the lowest free ones', () => {
    expect(addresses([service('a'), service('b', '10.61.1.1'), service('c')])).toEqual({
      a: '10.61.1.2',
      c: '10.61.1.3',
    });
  });

  it('leaves a Service the address that it has', () => {
    expect(addresses([service('a', '10.61.1.9')])).toEqual({});
  });

  it('gives a freed address again', () => {
    expect(addresses([service('a', '10.61.1.2'), service('new')])).toEqual({ new: '10.61.1.1' });
  });

  it('replaces an address of another range, or one that another Service has', () => {
    expect(
      addresses([service('a', '10.99.1.1'), service('b', '10.61.1.1'), service('c', '10.61.1.1')]),
    ).toEqual({
      a: '10.61.1.2',
      c: '10.61.1.3',
    });
  });

  it('leaves other Services alone', () => {
    const others = [
      service('a', undefined, { type: 'ClusterIP' }),
      service('b', undefined, { type: 'LoadBalancer', loadBalancerClass: 'example.com/other' }),
    ];
    expect(addresses(others)).toEqual({});
    expect(
      addresses([
        service('c', undefined, { type: 'LoadBalancer', loadBalancerClass: 'eks.amazonaws.com/nlb' }),
      ]),
    ).toEqual({
      c: '10.61.1.1',
    });
  });

  it('says that the range is used up', () => {
    const full = [service('a', '10.61.1.1'), service('b', '10.61.1.2'), service('c')];
    expect(() => addresses(full, '10.61.1.0/30')).toThrow('10.61.1.0/30 has 0 left');
  });
});
