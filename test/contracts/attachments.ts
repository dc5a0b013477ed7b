/** What every list of attachments must do: whatever refers to an image, once each, with a link to the content of what our builds attached. */
import { beforeEach, expect } from 'vitest';
import type { Attached, Attachments } from '#core/build-ports.ts';
import type { Digest } from '#core/names.ts';
import { contract, type Deviations } from './contract.ts';
import { digestOf } from './samples.ts';

export interface Artifact {
  readonly type: string;
  readonly content: string;
  /** Our builds say in an annotation where its content is. */
  readonly isOurs: boolean;
}
export interface AttachmentsWorld {
  readonly attachments: Attachments;
  readonly repository: string;
  readonly push: (content: string) => Promise<Digest>;
  /** @returns the digest of what refers to the image. */
  readonly attach: (image: Digest, artifact: Artifact) => Promise<Digest>;
  /** What is behind a link. */
  readonly get: (url: string) => Promise<string>;
}

const sbom = { type: 'application/vnd.cyclonedx+json', content: '{"bomFormat":"CycloneDX"}', isOurs: true };
const provenance = { type: 'application/vnd.in-toto+json', content: '{"_type":"statement"}', isOurs: true };
const signature = { type: 'application/vnd.example.signature', content: 'signed', isOurs: false };
/** ECR's own page. */
const most = 50;

export function attachmentsContract(
  name: string,
  make: () => Promise<AttachmentsWorld>,
  deviations: Deviations = {},
): void {
  contract(name, 'attachments', deviations, (test) => {
    let world: AttachmentsWorld;
    beforeEach(async () => {
      world = await make();
    });
    const list = async (image: Digest, repository = world.repository) =>
      [...(await world.attachments.list(repository, image))].sort(byType);

    test('what a build attached is listed with a link to its content', async () => {
      const image = await world.push('one');
      const digests = [await world.attach(image, sbom), await world.attach(image, provenance)];
      const found = await list(image);
      expect(found.map(({ type }) => type)).toEqual([sbom.type, provenance.type]);
      expect(found.map(({ digest }) => digest)).toEqual(digests);
      const contents = await Promise.all(found.map(({ url }) => world.get(url ?? '')));
      expect(contents).toEqual([sbom.content, provenance.content]);
    });

    test('what others attached is listed, and leads nowhere', async () => {
      const image = await world.push('two');
      const digest = await world.attach(image, signature);
      expect(await list(image)).toEqual([{ type: signature.type, digest }]);
    });

    test('what is attached twice is listed once', async () => {
      const image = await world.push('three');
      const digest = await world.attach(image, sbom);
      expect(await world.attach(image, sbom)).toBe(digest);
      expect((await list(image)).map((one) => one.digest)).toEqual([digest]);
    });

    test('an image has its own alone, and one with nothing has none', async () => {
      const [image, other] = [await world.push('four'), await world.push('five')];
      await world.attach(image, sbom);
      expect(await list(image)).toHaveLength(1);
      expect(await list(other)).toEqual([]);
    });

    test('of an image or a repository that is not there, nothing is listed', async () => {
      const image = await world.push('six');
      expect(await list(digestOf('never pushed'))).toEqual([]);
      expect(await list(image, `${world.repository}-gone`)).toEqual([]);
    });

    test('the first fifty are listed', async () => {
      const image = await world.push('seven');
      for (let i = 0; i <= most; i++) await world.attach(image, { ...signature, content: `signed ${i}` });
      expect(await list(image)).toHaveLength(most);
    });
  });
}

const byType = (a: Attached, b: Attached): number => (a.type < b.type ? -1 : Number(a.type > b.type));
