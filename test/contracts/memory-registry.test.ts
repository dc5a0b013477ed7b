/** The registry in memory passes what ECR's adapters pass: repositories, scans, bases, attachments and promotions of one. */
import { MemoryClock } from '#adapters/memory/clock.ts';
import { MemoryRegistry } from '#adapters/memory/registry.ts';
import type { Scan } from '#core/finding.ts';
import { attachmentsContract } from './attachments.ts';
import { basesContract } from './bases.ts';
import { promoterContract } from './promoter.ts';
import { repositoriesContract } from './repositories.ts';
import { complete, digestOf, finding, start } from './samples.ts';
import { type Content, scannerContract } from './scanner.ts';

repositoriesContract('MemoryRegistry', async () => {
  const registry = new MemoryRegistry(new MemoryClock(start));
  const isThere = async (name: string) => registry.repositories().includes(name);
  return { maker: registry, remover: registry, isThere };
});

const werkzeug = { package: 'werkzeug', installed: '2.2.2', severity: 'HIGH', fixedIn: '2.2.3' } as const;
const scans: Readonly<Record<Content, Scan>> = {
  clean: complete(start),
  hole: complete(start, finding({ ...werkzeug, id: 'CVE-2023-25577' })),
  many: complete(
    start,
    ...Array.from({ length: 1100 }, (_, i) => finding({ ...werkzeug, id: `CVE-2023-${10_000 + i}` })),
  ),
  unsupported: { status: 'unsupported', reason: 'no operating system that is known' },
};
const pushTo = (registry: MemoryRegistry) => async (repository: string, tag: string, content: string) => {
  const digest = digestOf(content);
  registry.push(repository, digest, tag);
  return digest;
};

scannerContract('MemoryRegistry', async () => {
  const registry = new MemoryRegistry(new MemoryClock(start));
  return {
    scanner: registry,
    repository: 'candidate/checkout/web',
    unscanned: 'release/checkout/web',
    push: async (repository, tag, content) => {
      const digest = await pushTo(registry)(repository, tag, content);
      if (repository.startsWith('candidate/')) registry.setScan(repository, digest, scans[content]);
      return digest;
    },
  };
});

attachmentsContract('MemoryRegistry', async () => {
  const registry = new MemoryRegistry(new MemoryClock(start));
  const repository = 'candidate/checkout/web';
  const contents = new Map<string, string>();
  return {
    attachments: registry,
    repository,
    push: async (content) => {
      registry.push(repository, digestOf(content), content);
      return digestOf(content);
    },
    attach: async (image, { type, content, isOurs }) => {
      const [digest, url] = [
        digestOf(`${image} ${type} ${content}`),
        `https://layers.example/${contents.size}`,
      ];
      if (isOurs) contents.set(url, content);
      registry.attach(repository, image, { type, digest, ...(isOurs && { url }) });
      return digest;
    },
    get: async (url) => contents.get(url) ?? '',
  };
});

basesContract('MemoryRegistry', async () => {
  const registry = new MemoryRegistry(new MemoryClock(start));
  const base = { repository: 'base/debian', tag: 'bookworm', digest: digestOf('base') };
  registry.push(base.repository, base.digest, base.tag);
  return { bases: registry, base };
});

promoterContract('MemoryRegistry', async () => {
  const registry = new MemoryRegistry(new MemoryClock(start));
  return {
    promoter: registry,
    from: 'candidate/checkout/web',
    to: 'release/checkout/web',
    push: pushTo(registry),
    digestOf: async (repository, tag) => (await registry.imageByTag(repository, tag))?.digest,
    remove: async (repository, digest) => registry.delete(repository, digest),
  };
});
