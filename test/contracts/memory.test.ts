/** The fakes of adapters/memory pass what the real adapters pass. */
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
