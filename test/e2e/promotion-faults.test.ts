/**
 * A promotion whose registry is slow and cuts connections: it ends promoted or is tried again, as stated, is never half
 * done, and is promoted once the network is well. It needs Go for toxiproxy, and no cloud.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Retryable } from '#core/errors.ts';
import { releaseTag } from '#core/image.ts';
import type { Digest } from '#core/names.ts';
import { manifestType } from '../adapters/oci-registry.ts';
import { from, opened, to } from '../adapters/promoted.ts';
import { built, type Toxic, Toxiproxy } from '../faults/toxiproxy.ts';

const KB = 1024;
const pace = { tries: 5, pauseMs: 10, idleMs: 10_000, partBytes: 64 * KB };
const down = 'downstream' as const;
const up = 'upstream' as const;

describe('a registry', () => {
  let world: Awaited<ReturnType<typeof opened>>;
  let proxy: Toxiproxy;
  let origin = '';

  const begin = async (idleMs = pace.idleMs) => {
    world = await opened(() => origin, { ...pace, idleMs });
    proxy = await Toxiproxy.start(new URL(world.registry.origin).host);
    origin = proxy.origin;
    world.registry.uploads.at = () => origin;
    world.registry.mounts = false;
  };
  beforeAll(built, 900_000);
  beforeEach(() => begin());
  const end = async () => {
    await proxy.stop();
    await world.close();
  };
  afterEach(end);

  const image = (): Digest => {
    const content = Buffer.from(Array.from({ length: 300 * KB }, (_, n) => (n * n) % 251));
    const layers = [content, content.subarray(1), content.subarray(2)].map((bytes) =>
      world.registry.addBlob(from, bytes),
    );
    const config = world.registry.addBlob(from, '{}');
    return world.registry.addManifest(from, { mediaType: manifestType, config, layers }).digest;
  };
  const attempt = (digest: Digest) =>
    world.copy(digest).then(
      () => 'promoted',
      (error: unknown) => (error instanceof Retryable ? 'tried again' : error),
    );
  /** What is under the tag is whole, and nothing is under it that was not promoted. */
  const expectNeverHalf = (digest: Digest, ended: unknown) => {
    const { tags, blobs, manifests } = world.registry.repository(to);
    expect(tags.get(releaseTag(digest)) === digest).toBe(ended === 'promoted');
    for (const [name, bytes] of blobs)
      expect(bytes.equals(world.registry.repository(from).blobs.get(name) ?? Buffer.of())).toBe(true);
    if (ended === 'promoted') expect([blobs.size, manifests.size]).toEqual([4, 1]);
  };
  const expectHealed = async (digest: Digest) => {
    await proxy.heal();
    const ended = await attempt(digest);
    expect(ended).toBe('promoted');
    expectNeverHalf(digest, ended);
  };

  it.each<[string, Toxic[]]>([
    ['is far away', [{ type: 'latency', stream: down, attributes: { latency: 40, jitter: 30 } }]],
    ['sends slowly', [{ type: 'bandwidth', stream: down, attributes: { rate: 800 } }]],
    ['takes slowly', [{ type: 'bandwidth', stream: up, attributes: { rate: 800 } }]],
    [
      'sends and takes in slices',
      [down, up].map((stream) => ({
        type: 'slicer' as const,
        stream,
        attributes: { average_size: 8 * KB, size_variation: 4 * KB, delay: 10 },
      })),
    ],
    ['closes slowly', [{ type: 'slow_close', stream: down, attributes: { delay: 50 } }]],
    [
      'cuts each connection after some bytes sent',
      [{ type: 'limit_data', stream: down, attributes: { bytes: 100 * KB } }],
    ],
    [
      'cuts each connection after some bytes taken',
      [{ type: 'limit_data', stream: up, attributes: { bytes: 100 * KB } }],
    ],
  ])('that %s: promoted', async (_, toxics) => {
    const digest = image();
    for (const toxic of toxics) await proxy.add(toxic);
    const ended = await attempt(digest);
    expect(ended).toBe('promoted');
    expectNeverHalf(digest, ended);
  });

  it.each<[string, Toxic[]]>([
    ['resets every connection', [{ type: 'reset_peer', stream: down, attributes: { timeout: 0 } }]],
    ['resets what it is sent', [{ type: 'reset_peer', stream: up, attributes: { timeout: 0 } }]],
    ['closes each connection unanswered', [{ type: 'timeout', stream: down, attributes: { timeout: 20 } }]],
    ['takes less than a part of it', [{ type: 'limit_data', stream: up, attributes: { bytes: 20 * KB } }]],
  ])('that %s: tried again, then promoted', async (_, toxics) => {
    const digest = image();
    for (const toxic of toxics) await proxy.add(toxic);
    const ended = await attempt(digest);
    expect(ended).toBe('tried again');
    expectNeverHalf(digest, ended);
    await expectHealed(digest);
  });

  it('that is silent: tried again when nothing moved for a while, then promoted', async () => {
    await end();
    await begin(200);
    const digest = image();
    await proxy.add({ type: 'timeout', stream: down, attributes: { timeout: 0 } });
    const ended = await attempt(digest);
    expect(ended).toBe('tried again');
    expectNeverHalf(digest, ended);
    await expectHealed(digest);
  });

  it('that is down: tried again, then promoted', async () => {
    const digest = image();
    await proxy.enable(false);
    const ended = await attempt(digest);
    expect(ended).toBe('tried again');
    expectNeverHalf(digest, ended);
    await expectHealed(digest);
  });

  it('that goes down in the midst: tried again, then promoted, and what was there is not sent twice', async () => {
    const digest = image();
    world.registry.instead = (method, path) => {
      const { size } = world.registry.repository(to).blobs;
      if (method !== 'PATCH' || size === 0 || !path.includes('/uploads/')) return undefined;
      void proxy.enable(false);
      return { status: 503 };
    };
    const ended = await attempt(digest);
    expect(ended).toBe('tried again');
    expectNeverHalf(digest, ended);
    const before = world.registry.repository(to).blobs.size;
    expect(before).toBeGreaterThan(0);
    world.registry.instead = () => undefined;
    world.registry.asked.length = 0;
    await expectHealed(digest);
    expect(world.asked(/^POST /)).toHaveLength(4 - before);
  });

  it('that resets connections now and then: one end or the other, never half, then promoted', async () => {
    const digest = image();
    await proxy.add({ type: 'reset_peer', stream: down, attributes: { timeout: 60 } });
    const ended = await attempt(digest);
    expect(['promoted', 'tried again']).toContain(ended);
    expectNeverHalf(digest, ended);
    await expectHealed(digest);
  });
});
