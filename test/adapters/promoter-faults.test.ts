/** EcrPromoter with a registry that is busy, forgets, cuts connections or ends credentials: promoted, or tried again. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyImage } from '#adapters/oci/copy.ts';
import { Registry } from '#adapters/oci/registry.ts';
import { Rejected, Retryable } from '#core/errors.ts';
import { manifestType, type OciRegistry } from './oci-registry.ts';
import type { Mishap } from './oci-uploads.ts';
import { from, hurried, opened, to } from './promoted.ts';

let world: Awaited<ReturnType<typeof opened>>;
beforeEach(async () => {
  world = await opened();
  world.registry.mounts = false;
});
afterEach(() => world.close());

const part = hurried.partBytes;
/** Bytes of which no two stretches are alike, so that one in the wrong place is seen. */
const bytes = (size: number): Buffer => {
  const all = Buffer.alloc(size);
  for (let at = 0; at + 4 <= size; at += 4) all.writeUInt32LE(at, at);
  return all;
};
function addLarge(registry: OciRegistry, size: number) {
  const config = registry.addBlob(from, '{}');
  const layer = registry.addBlob(from, bytes(size));
  const { digest } = registry.addManifest(from, { mediaType: manifestType, config, layers: [layer] });
  const landed = () => registry.repository(to).blobs.get(layer.digest)?.equals(bytes(size)) ?? false;
  return { digest, layer, landed };
}

describe('a large blob', () => {
  test.each([0, 1, part - 1, part, part + 1, 2 * part, 2.5 * part + 7])(
    'of %d bytes goes in parts of one size, the last one smaller',
    async (size) => {
      const { digest, landed } = addLarge(world.registry, size);
      await world.copy(digest);
      expect(landed()).toBe(true);
      const parts = Math.max(0, Math.ceil(size / part) - 1);
      expect(world.asked(/^PATCH /)).toHaveLength(parts);
    },
  );

  test.each<[Mishap[]]>([
    [['answer lost']],
    [['half lost']],
    [['all lost']],
    [['busy', 'busy', 'busy']],
    [['upload forgotten']],
    [['half lost', 'half lost', 'answer lost', 'all lost']],
  ])('in the midst of which parts go wrong (%j) arrives whole', async (mishaps) => {
    const { digest, landed } = addLarge(world.registry, 2.5 * part);
    world.registry.uploads.mishaps.push(...mishaps);
    await world.copy(digest);
    expect(landed() && world.copied(digest)).toBe(true);
    expect(world.registry.uploads.left).toBe(0);
  });

  test('whose last answer is lost is not sent again', async () => {
    const { digest, landed } = addLarge(world.registry, 100);
    world.registry.uploads.mishaps.push('answer lost', 'answer lost');
    await world.copy(digest);
    expect(landed()).toBe(true);
    expect(world.asked(/^PUT .*\/blobs\/uploads\//)).toHaveLength(2);
  });

  test.each<[Mishap]>([['answer lost'], ['half lost'], ['all lost']])(
    'arrives whole in a registry whose range stays at the first part, as ECR (%s)',
    async (mishap) => {
      const { digest, landed } = addLarge(world.registry, 3.5 * part);
      world.registry.uploads.rangeStaysAt = part;
      await world.copy(digest);
      expect(landed()).toBe(true);
      world.registry.repository(to).blobs.clear();
      world.registry.uploads.mishaps.push(mishap, mishap);
      await world.copy(digest);
      expect(landed()).toBe(true);
    },
  );

  test('arrives whole in a registry that does not say how far an upload is', async () => {
    const { digest, landed } = addLarge(world.registry, 2.5 * part);
    world.registry.uploads.tells = false;
    world.registry.uploads.mishaps.push('all lost', 'answer lost');
    await world.copy(digest);
    expect(landed()).toBe(true);
  });

  test('whose download is cut goes on where it stopped', async () => {
    const { digest, landed } = addLarge(world.registry, 1.2 * part);
    world.registry.cutDownloads.push(100, 0.5 * part, 0, 1, 0.6 * part);
    await world.copy(digest);
    expect(landed()).toBe(true);
    expect(world.asked(/^POST /)).toHaveLength(2);
  });

  test('whose download is cut by a server without ranges is read over, and sent on from where it stopped', async () => {
    const { digest, landed } = addLarge(world.registry, part);
    world.registry.ranges = false;
    world.registry.cutDownloads.push(0.3 * part, 0.5 * part);
    await world.copy(digest);
    expect(landed()).toBe(true);
  });

  test('law: however downloads and parts are cut, the blob is whole or not there', {
    timeout: 120_000,
  }, async () => {
    const mishap = fc.constantFrom<Mishap>(
      'answer lost',
      'half lost',
      'all lost',
      'upload forgotten',
      'busy',
    );
    const { registry, copy, copied } = world;
    const { digest, layer, landed } = addLarge(registry, 1.1 * part);
    const { blobs, manifests, tags } = registry.repository(to);
    const law = async (mishaps: Mishap[], cuts: number[], tells: boolean) => {
      for (const stored of [blobs, manifests, tags]) stored.clear();
      registry.uploads.mishaps.splice(0, Number.POSITIVE_INFINITY, ...mishaps);
      registry.cutDownloads.splice(0, Number.POSITIVE_INFINITY, ...cuts);
      registry.uploads.tells = tells;
      const failure = await copy(digest).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(copied(digest)).toBe(failure === undefined);
      if (failure !== undefined) expect(failure).toBeInstanceOf(Retryable);
      expect(blobs.has(layer.digest)).toBe(landed());
      expect(landed() || failure !== undefined).toBe(true);
    };
    const cut = fc.nat(1.2 * part);
    await fc.assert(
      fc.asyncProperty(
        fc.array(mishap, { maxLength: 12 }),
        fc.array(cut, { maxLength: 6 }),
        fc.boolean(),
        law,
      ),
      { numRuns: 30 },
    );
  });
});

describe('a registry', () => {
  test('that ends our credentials in the midst is asked with new ones', async () => {
    const { digest, landed } = addLarge(world.registry, 2.5 * part);
    let requests = 0;
    world.registry.instead = () => {
      requests += 1;
      if (requests % 4 !== 0) return undefined;
      world.registry.authorization = `Basic ${Buffer.from(`AWS:${requests}`).toString('base64')}`;
      return { status: 401 };
    };
    await world.copy(digest);
    expect(landed() && world.copied(digest)).toBe(true);
    expect(world.grants()).toBeGreaterThan(2);
  });

  test('that takes none of our credentials is tried again later', async () => {
    const { digest } = addLarge(world.registry, 1);
    world.registry.instead = () => ({ status: 401, body: 'who?' });
    await expect(world.copy(digest)).rejects.toThrow(Retryable);
    expect(world.grants()).toBe(2);
  });

  test.each([
    ['the manifest', /manifests/, 'GET', 503, Retryable],
    ['the manifest', /manifests/, 'GET', 403, Retryable],
    ['the mount', /uploads/, 'POST', 429, Retryable],
    ['the mount', /uploads/, 'POST', 404, Rejected],
    ['the part', /uploads/, 'PUT', 500, Retryable],
    ['the part', /uploads/, 'PUT', 400, Rejected],
    ['the manifest in its new place', /release.*manifests/, 'PUT', 500, Retryable],
  ])('that answers %s %s %s %d', async (_, path, on, status, kind) => {
    const { digest } = addLarge(world.registry, 10);
    world.registry.instead = (method, url) =>
      method === on && path.test(url) ? { status, body: 'why' } : undefined;
    await expect(world.copy(digest)).rejects.toThrow(kind);
    await expect(world.copy(digest)).rejects.toThrow(`${status} why`);
    expect(world.copied(digest)).toBe(false);
    expect(world.registry.uploads.left).toBe(0);
    world.registry.instead = () => undefined;
    await world.copy(digest);
    expect(world.copied(digest)).toBe(true);
  });

  test('that is busy for a moment is asked again at once', async () => {
    const { digest } = addLarge(world.registry, 10);
    const seen = new Map<string, number>();
    world.registry.instead = (method, path) => {
      const times = (seen.get(`${method} ${path}`) ?? 0) + 1;
      seen.set(`${method} ${path}`, times);
      return times <= 2 ? { status: 503 } : undefined;
    };
    await world.copy(digest);
    expect(world.copied(digest)).toBe(true);
    expect([...seen.values()].every((times) => times >= 3)).toBe(true);
  });

  test('that does not answer is tried again later', async () => {
    const { digest } = addLarge(world.registry, 10);
    const gone = await opened(() => 'http://127.0.0.1:9');
    await expect(gone.copy(digest)).rejects.toThrow(/^The registry did not answer: GET .* ECONNREFUSED/);
    await gone.close();
  });

  test('that falls silent is given up, not waited for', async () => {
    const silent = await opened(undefined, { ...hurried, tries: 2, idleMs: 50 });
    silent.registry.mounts = false;
    const { digest } = addLarge(silent.registry, 10);
    silent.registry.silent = (line) => line.startsWith('PUT ');
    await expect(silent.copy(digest)).rejects.toThrow(Retryable);
    await silent.close();
  });
});

test('what did not fit in the time of one attempt goes on in the next: what is there is not copied again', async () => {
  const { registry } = world;
  const layers = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => registry.addBlob(from, bytes(n * 100)));
  const config = registry.addBlob(from, '{}');
  const { digest } = registry.addManifest(from, { mediaType: manifestType, config, layers });
  const copiedAtFirst = 4;
  let sent = 0;
  let onLimit: () => void = () => undefined;
  const limit = new Promise<void>((resolve) => {
    onLimit = resolve;
  });
  // The first attempt gets no further than this, however long it has.
  registry.instead = (method, path) => {
    if (method !== 'PUT' || !path.includes('/uploads/')) return undefined;
    sent += 1;
    if (sent === copiedAtFirst + 1) onLimit();
    return sent > copiedAtFirst ? { status: 503 } : undefined;
  };
  await expect(world.copy(digest)).rejects.toThrow(Retryable);
  await limit;
  expect(registry.repository(to).blobs.size).toBe(copiedAtFirst);
  expect(world.copied(digest)).toBe(false);
  registry.instead = () => undefined;
  registry.asked.length = 0;
  await world.copy(digest);
  expect(world.copied(digest)).toBe(true);
  expect(world.asked(/^POST /)).toHaveLength(layers.length + 1 - copiedAtFirst);
});

test('an attempt whose time is over says how far it came, and leaves no upload behind', async () => {
  const { registry } = world;
  const { digest } = addLarge(registry, 100);
  const grant = async () => ({ origin: registry.origin, authorization: registry.authorization });
  const client = new Registry(grant, { ...hurried, pauseMs: 3_600_000 });
  const time = new AbortController();
  let parts = 0;
  // Both blobs are being waited for: nothing else is under way when the time is over.
  registry.instead = (method, path) => {
    if (method !== 'PUT' || !path.includes('/uploads/')) return undefined;
    parts += 1;
    if (parts === 2) setTimeout(() => time.abort(), 100);
    return { status: 503 };
  };
  const copying = { registry: client, from, to, digest, tag: 'r-1', signal: time.signal };
  await expect(copyImage(copying)).rejects.toThrow(
    new Retryable('0 of 2 blobs are copied: the next attempt goes on from there.'),
  );
  expect(registry.uploads.left).toBe(0);
  expect(registry.repository(to).manifests.size).toBe(0);
  client.close();
});

test('a promotion ends before its function is stopped', async () => {
  const slow = await opened(undefined, hurried, 100);
  const { digest } = addLarge(slow.registry, 100);
  slow.registry.silent = () => true;
  await expect(slow.copy(digest)).rejects.toThrow(
    new Retryable(`${from}@${digest} was not copied in 0.1 s: the next attempt goes on.`),
  );
  await slow.close();
});
