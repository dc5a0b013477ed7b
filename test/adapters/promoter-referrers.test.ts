/** EcrPromoter and what refers to an image: signatures, SBOMs, and theirs. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Descriptor } from './oci-registry.ts';
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

describe('referrers', () => {
  const refer = (subject: Descriptor, content: string) =>
    world.registry.addImage(from, content, undefined, { subject });

  test('come too: of the image, of the children of an index, of other referrers, and of every page', async () => {
    world.registry.referrersPage = 2;
    const child = world.registry.addImage(from, 'amd64');
    const index = world.registry.addIndex(from, [child]);
    const sboms = ['a', 'b', 'c', 'd', 'e'].map((content) => refer(index, `sbom ${content}`));
    const all = [...sboms, refer(child, 'provenance'), refer(sboms[0] ?? child, 'signature of an sbom')];
    await world.copy(index.digest);
    for (const { digest } of all) expect(release().manifests.has(digest)).toBe(true);
    expect(new Set(release().manifests.keys())).toEqual(new Set(candidate().manifests.keys()));
  });

  test('that came since the last copy are added', async () => {
    const image = world.registry.addImage(from, 'one');
    await world.copy(image.digest);
    const signature = refer(image, 'signature');
    await world.copy(image.digest);
    expect(release().manifests.has(signature.digest)).toBe(true);
  });

  test('are found by their tag where the registry has no API for them, before and after', async () => {
    world.registry.referrersApi = false;
    const image = world.registry.addImage(from, 'one');
    const signature = refer(image, 'signature');
    const tag = image.digest.replace(':', '-');
    const standIn = world.registry.addIndex(from, [signature], tag);
    await world.copy(image.digest);
    expect(release().manifests.has(signature.digest)).toBe(true);
    expect(release().tags.get(tag)).toBe(standIn.digest);
    await world.copy(image.digest);
  });

  test('of an unknown kind are not left behind: nothing is promoted', async () => {
    const image = world.registry.addImage(from, 'one');
    const artifact = { blobs: [], subject: image };
    world.registry.addManifest(from, artifact, undefined, 'application/vnd.oci.artifact.manifest.v1+json');
    await expect(world.copy(image.digest)).rejects.toThrow(/can not be copied whole/);
    expect(world.copied(image.digest)).toBe(false);
  });

  test('that can not be read hold the promotion', async () => {
    const { digest } = world.registry.addImage(from, 'one');
    world.registry.instead = (_, path) =>
      path.includes('/referrers/') ? { status: 403, body: 'why' } : undefined;
    await expect(world.copy(digest)).rejects.toThrow(/what refers to .* can not be read: 403 why/);
    expect(world.copied(digest)).toBe(false);
  });

  test('are not looked for at an address that is not the registry', async () => {
    const { digest } = world.registry.addImage(from, 'one');
    const headers = { link: '<https://elsewhere.example/next>; rel="next"' };
    const body = JSON.stringify({ manifests: [] });
    world.registry.instead = (_, path) =>
      path.includes('/referrers/') ? { status: 200, headers, body } : undefined;
    await expect(world.copy(digest)).rejects.toThrow('sent a list of referrers to https://elsewhere.example');
  });
});
