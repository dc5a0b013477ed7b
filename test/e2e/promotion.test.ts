/** Promotion on the local cloud's registry: an index with all that belongs to it, and layers of several parts. */
import { createHash, randomBytes } from 'node:crypto';
import {
  BatchGetImageCommand,
  CreateRepositoryCommand,
  ECRClient,
  PutAccountSettingCommand,
} from '@aws-sdk/client-ecr';
import { beforeAll, describe, expect, it } from 'vitest';
import { EcrPromoter } from '#adapters/aws/promoter.ts';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { Digest } from '#core/names.ts';
import * as z from '#core/zod.ts';
import { adminAuthorization as authorization } from '#local/aws/emulator.ts';
import { until } from '#local/demo/world.ts';
import { access, cloud } from './cloud.ts';
import { debian, push } from './push.ts';

const name = `promotion-${Date.now().toString(36)}`;
const [from, to] = [`${name}/from`, `${name}/to`];
const ecr = new ECRClient(access.sdk);
const imageType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const digestOf = (bytes: Uint8Array): Digest =>
  Digest.parse(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);

interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

async function putBlob(bytes: Buffer): Promise<Descriptor> {
  const begun = await fetch(`${cloud.aws}/v2/${from}/blobs/uploads/`, {
    method: 'POST',
    headers: { authorization },
  });
  const location = new URL(begun.headers.get('location') ?? '', cloud.aws);
  location.searchParams.set('digest', digestOf(bytes));
  const body = new Uint8Array(bytes);
  expect((await fetch(location, { method: 'PUT', headers: { authorization }, body })).status).toBe(201);
  return { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
}

async function putManifest(mediaType: string, manifest: object, tag?: string): Promise<Descriptor> {
  const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...manifest }));
  const put = await fetch(`${cloud.aws}/v2/${from}/manifests/${tag ?? digestOf(body)}`, {
    method: 'PUT',
    headers: { authorization, 'content-type': mediaType },
    body,
  });
  expect(put.status).toBe(201);
  return { mediaType, digest: digestOf(body), size: body.length };
}

/** What refers to an image, as the registry lists it. */
async function referrers(repository: string, digest: Digest): Promise<string[]> {
  const answer = await fetch(`${cloud.aws}/v2/${repository}/referrers/${digest}`, {
    headers: { authorization },
  });
  const Index = z.object({ manifests: z.array(z.object({ digest: z.string() })) });
  return Index.parse(await answer.json()).manifests.map((one) => one.digest);
}

describe('promotion', () => {
  beforeAll(async () => {
    await ecr.send(new CreateRepositoryCommand({ repositoryName: from }));
    await ecr.send(new CreateRepositoryCommand({ repositoryName: to, imageTagMutability: 'IMMUTABLE' }));
  });

  it.each(['DISABLED', 'ENABLED'])('brings an index with its referrers (blob mounting %s)', async (value) => {
    await ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value }));
    const image = async (architecture: string) => {
      const config = await putBlob(Buffer.from(JSON.stringify({ os: 'linux', architecture, value })));
      const layers = [await putBlob(randomBytes(11 * 1024 * 1024)), await putBlob(randomBytes(1000))];
      const own = await putManifest(imageType, { config, layers });
      return { ...own, platform: { os: 'linux', architecture } };
    };
    const index = await putManifest(
      indexType,
      { manifests: [await image('amd64'), await image('arm64')] },
      `index-${value}`,
    );
    const empty = await putBlob(Buffer.from('{}'));
    const sbom = await putManifest(imageType, {
      artifactType: 'x/sbom',
      config: empty,
      layers: [empty],
      subject: index,
    });
    const signed = await putManifest(imageType, {
      artifactType: 'x/sig',
      config: empty,
      layers: [empty],
      subject: sbom,
    });

    await new EcrPromoter(ecr).copy(from, to, index.digest, `r-${value}`);

    const found = await new EcrScanner(ecr).imageByTag(to, `r-${value}`);
    expect(found?.digest).toBe(index.digest);
    expect(await referrers(to, index.digest)).toEqual([sbom.digest]);
    expect(await referrers(to, sbom.digest)).toEqual([signed.digest]);
    const stored = new BatchGetImageCommand({
      repositoryName: to,
      imageIds: [{ imageDigest: index.digest }],
    });
    expect((await ecr.send(stored)).images?.[0]?.imageManifestMediaType).toBe(indexType);
  });

  it('an index is as good as the images in it: the registry scans those alone', async () => {
    const repository = 'candidate/checkout/api';
    const scanner = new EcrScanner(ecr);
    const child = await push(repository, `child-${name}`, { ...debian, 'etc/child': name });
    const body = JSON.stringify({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [
        { mediaType: imageType, digest: child, size: 1, platform: { os: 'linux', architecture: 'amd64' } },
      ],
    });
    const headers = { authorization, 'content-type': indexType };
    const url = `${cloud.aws}/v2/${repository}/manifests/index-${name}`;
    expect((await fetch(url, { method: 'PUT', headers, body })).status).toBe(201);
    const index = digestOf(Buffer.from(body));
    const scan = await until('the scan of the child', 60, async () => {
      const now = await scanner.scan(repository, index);
      return now.status === 'complete' ? now : undefined;
    });
    expect(scan).toEqual(await scanner.scan(repository, child));
  });
});
