/** EcrPromoter against a registry on this machine: what is copied, and what is refused. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Rejected, Retryable } from '#core/errors.ts';
import { releaseTag } from '#core/image.ts';
import { Digest } from '#core/names.ts';
import * as z from '#core/zod.ts';
import { promoterContract } from '../contracts/promoter.ts';
import { indexType, manifestType } from './oci-registry.ts';
import { sha256 } from './oci-words.ts';
import { from, opened, to } from './promoted.ts';

let world: Awaited<ReturnType<typeof opened>>;
beforeEach(async () => {
  world = await opened();
});
afterEach(async () => {
  await world.close();
});
const release = () => world.registry.repository(to);
const candidate = () => world.registry.repository(from);

promoterContract('EcrPromoter', async () => ({
  promoter: world.promoter,
  from,
  to,
  push: async (repository, tag, content) => world.registry.addImage(repository, content, tag).digest,
  digestOf: async (repository, tag) =>
    z.optional(Digest).parse(world.registry.repository(repository).tags.get(tag)),
  remove: async (repository, digest) => void world.registry.repository(repository).manifests.delete(digest),
}));

describe('blobs', () => {
  test('are mounted where the registry can: none is downloaded', async () => {
    const { digest } = world.registry.addImage(from, 'one');
    await world.copy(digest);
    expect(world.copied(digest)).toBe(true);
    expect(world.asked(/^GET .*\/blobs\//)).toEqual([]);
    expect(release().blobs.size).toBe(3);
  });

  test.each([202, 201])(
    'that are not mounted are streamed instead (PATCH answered by %d)',
    async (patched) => {
      world.registry.mounts = false;
      world.registry.uploads.patched = patched;
      const { digest } = world.registry.addImage(from, 'one');
      await world.copy(digest);
      expect(world.copied(digest)).toBe(true);
      expect(world.asked(/^GET .*\/blobs\//)).toHaveLength(3);
      expect(new Map(release().blobs)).toEqual(new Map(candidate().blobs));
    },
  );

  test('that are there already are not sent again', async () => {
    const { digest } = world.registry.addImage(from, 'one');
    world.registry.addImage(to, 'one');
    await world.copy(digest);
    expect(world.asked(/^(POST|PATCH) /)).toEqual([]);
  });

  test('that two manifests share are copied once', async () => {
    world.registry.mounts = false;
    const children = [
      world.registry.addImage(from, 'one'),
      world.registry.addImage(from, 'one', undefined, { annotations: { other: 'yes' } }),
    ];
    const { digest } = world.registry.addIndex(from, children);
    await world.copy(digest);
    expect(world.asked(/^POST /)).toHaveLength(3);
  });

  test('that changed on their way are not taken, and nothing is under the tag', async () => {
    world.registry.mounts = false;
    const { digest } = world.registry.addImage(from, 'one');
    const [[first = '', bytes = Buffer.alloc(0)] = []] = candidate().blobs;
    candidate().blobs.set(first, Buffer.alloc(bytes.length, 'x'));
    await expect(world.copy(digest)).rejects.toThrow(new RegExp(`The blob ${first} .* came as sha256:`));
    candidate().blobs.set(first, Buffer.concat([bytes, bytes]));
    await expect(world.copy(digest)).rejects.toThrow(/came as more bytes/);
    expect(release().tags.size + release().manifests.size).toBe(0);
    expect(world.registry.uploads.left).toBe(0);
  });

  test('that are gone name themselves', async () => {
    world.registry.mounts = false;
    const { digest } = world.registry.addImage(from, 'one');
    const [[first = ''] = []] = candidate().blobs;
    candidate().blobs.delete(first);
    await expect(world.copy(digest)).rejects.toThrow(
      new Rejected(`The blob ${first} of ${from} is no longer in the registry: push the image again.`),
    );
  });
});

describe('manifests', () => {
  test('an index comes with its children, nested ones too', async () => {
    const [amd, arm, windows] = ['amd64', 'arm64', 'windows'].map((one) =>
      world.registry.addImage(from, one),
    );
    const inner = world.registry.addIndex(
      from,
      [arm, windows].filter((one) => one !== undefined),
    );
    const { digest } = world.registry.addIndex(
      from,
      [amd, inner].filter((one) => one !== undefined),
    );
    await world.copy(digest);
    expect(world.copied(digest)).toBe(true);
    expect(new Set(release().manifests.keys())).toEqual(new Set(candidate().manifests.keys()));
    expect(release().blobs.size).toBe(9);
    expect(release().manifests.get(digest)?.mediaType).toBe(indexType);
  });

  test('Docker types stay what they are', async () => {
    const [image, list] = [
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
    ];
    const config = world.registry.addBlob(from, '{}');
    const child = world.registry.addManifest(
      from,
      { mediaType: image, config, layers: [] },
      undefined,
      image,
    );
    const { digest } = world.registry.addManifest(
      from,
      { mediaType: list, manifests: [child] },
      undefined,
      list,
    );
    await world.copy(digest);
    expect(release().manifests.get(digest)?.mediaType).toBe(list);
    expect(release().manifests.get(child.digest)?.mediaType).toBe(image);
  });

  test('the tag comes last, after everything that belongs to it', async () => {
    const { digest } = world.registry.addIndex(from, [world.registry.addImage(from, 'amd64')]);
    world.registry.addImage(from, 'signature', undefined, { subject: { digest, size: 1 } });
    await world.copy(digest);
    const writes = world.asked(/^(PUT|PATCH|POST) /);
    expect(writes.at(-1)).toBe(`PUT /v2/${to}/manifests/${releaseTag(digest)}`);
    expect(writes.filter((line) => line.endsWith(releaseTag(digest)))).toHaveLength(1);
  });

  test('one that is not what its digest says is not copied', async () => {
    const { digest } = world.registry.addImage(from, 'one');
    candidate().manifests.set(digest, { bytes: Buffer.from('{"layers":[]}'), mediaType: manifestType });
    await expect(world.copy(digest)).rejects.toThrow(Retryable);
    await expect(world.copy(digest)).rejects.toThrow(/the registry sent a manifest whose digest is sha256:/);
    expect(release().manifests.size).toBe(0);
  });

  test('a child that vanished names itself', async () => {
    const child = world.registry.addImage(from, 'amd64');
    const { digest } = world.registry.addIndex(from, [child]);
    candidate().manifests.delete(child.digest);
    const gone = `${from}@${child.digest} is no longer in the registry: push it again.`;
    await expect(world.copy(digest)).rejects.toThrow(new Rejected(gone));
    expect(world.copied(digest)).toBe(false);
  });

  const layer = { digest: sha256('layer'), size: 5 };
  test.each<[string, string, object, RegExp]>([
    [
      'of an unknown type',
      'application/vnd.oci.artifact.manifest.v1+json',
      { blobs: [layer] },
      /can not be copied whole/,
    ],
    [
      'of schema 1',
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      { fsLayers: [] },
      /can not be copied whole/,
    ],
    ['of no type', '', { config: layer, layers: [] }, /is of type none and can not be copied whole/],
    ['that is no manifest', manifestType, { layers: 'none' }, /^manifest .* is not valid: layers/],
    [
      'that is image and index at once',
      indexType,
      { manifests: [], config: layer, layers: [] },
      /can not be copied whole/,
    ],
    [
      'that says another type than it is sent as',
      manifestType,
      { mediaType: indexType, manifests: [] },
      /says that it is/,
    ],
    [
      'with a layer that is kept elsewhere',
      manifestType,
      {
        config: layer,
        layers: [{ ...layer, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' }],
      },
      /has a layer that is kept elsewhere \(sha256:.*\): build it with all its layers\.$/,
    ],
    [
      'with a layer that has addresses',
      manifestType,
      { config: layer, layers: [{ ...layer, urls: ['https://elsewhere.example'] }] },
      /kept elsewhere/,
    ],
    [
      'that is larger than any manifest',
      manifestType,
      { x: 'y'.repeat(4 * 1024 * 1024) },
      /larger than 4194304 bytes/,
    ],
    [
      'that says two sizes of one blob',
      manifestType,
      { config: layer, layers: [{ ...layer, size: 6 }] },
      /says two sizes of the blob/,
    ],
  ])('one %s is refused', async (_, mediaType, manifest, reason) => {
    const { digest } = world.registry.addManifest(from, manifest, undefined, mediaType);
    await expect(world.copy(digest)).rejects.toThrow(Rejected);
    await expect(world.copy(digest)).rejects.toThrow(reason);
    expect(release().tags.size).toBe(0);
  });

  test('one that is not of the size that its index says is refused', async () => {
    const child = world.registry.addImage(from, 'amd64');
    const { digest } = world.registry.addIndex(from, [{ ...child, size: child.size + 1 }]);
    await expect(world.copy(digest)).rejects.toThrow(/bytes, and what refers to it says/);
  });

  test('an index of indexes without end is refused', async () => {
    let one = world.registry.addImage(from, 'one');
    for (let depth = 0; depth < 12; depth += 1) one = world.registry.addIndex(from, [one]);
    await expect(world.copy(one.digest)).rejects.toThrow(/is too large to be copied: .* 8 deep/);
  });
});
