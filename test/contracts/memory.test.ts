/** The fakes of adapters/memory pass what the real adapters pass. */
import { expect, test } from 'vitest';
import { MemoryClock } from '#adapters/memory/clock.ts';
import { MemoryRegistry } from '#adapters/memory/registry.ts';
import { MemoryStore } from '#adapters/memory/store.ts';
import { MemoryZone } from '#adapters/memory/zone.ts';
import { dnsZoneContract } from './dns-zone.ts';
import { promoterContract } from './promoter.ts';
import { digestOf, start } from './samples.ts';
import { storeContract } from './store.ts';

storeContract('MemoryStore', () => new MemoryStore());
dnsZoneContract('MemoryZone', 'schwifty.example', () => new MemoryZone());
promoterContract('MemoryRegistry', async () => {
  const registry = new MemoryRegistry(new MemoryClock(start));
  return {
    promoter: registry,
    from: 'candidate/checkout/web',
    to: 'release/checkout/web',
    push: async (repository, tag, content) => {
      const digest = digestOf(content);
      registry.push(repository, digest, tag);
      return digest;
    },
    digestOf: async (repository, tag) => (await registry.imageByTag(repository, tag))?.digest,
    remove: async (repository, digest) => registry.delete(repository, digest),
  };
});

/** Route 53's rule (developer guide, "CNAME record type"), not in the contract: the local cloud's zone doesn't know it. */
test('MemoryZone: a CNAME can not stand beside another record', async () => {
  const zone = new MemoryZone();
  const address = { name: 'web.schwifty.example', type: 'A', ttl: 60, values: ['192.0.2.1'] } as const;
  const alias = { ...address, type: 'CNAME', values: ['lb-1.elb.example'] } as const;
  await zone.change([{ action: 'UPSERT', record: address }]);
  await expect(zone.change([{ action: 'UPSERT', record: alias }])).rejects.toThrow('beside other records');
  expect(await zone.records([address.name])).toEqual([address]);
});
