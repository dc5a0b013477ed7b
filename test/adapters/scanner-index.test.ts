/** EcrScanner and images of several platforms: ECR has no findings of an index, its children are asked for theirs. */
import { ECRClient } from '@aws-sdk/client-ecr';
import { afterEach, expect, test } from 'vitest';
import { EcrScanner } from '#adapters/aws/scanner.ts';
import { Rejected } from '#core/errors.ts';
import * as z from '#core/zod.ts';
import { digestOf } from '../contracts/samples.ts';
import { type Answer, awsEndpoint } from './aws-endpoint.ts';

const repository = 'candidate/checkout/web';
const [root, amd, arm, inner, attestation] = ['root', 'amd', 'arm', 'inner', 'attestation'].map(digestOf);
const indexType = 'application/vnd.oci.image.index.v1+json';
const imageType = 'application/vnd.oci.image.manifest.v1+json';
const child = (digest: string | undefined, architecture: string, more: object = {}) => ({
  mediaType: imageType,
  digest,
  size: 7,
  platform: { os: 'linux', architecture },
  ...more,
});
const complete = (...names: string[]) => ({
  imageScanStatus: { status: 'COMPLETE' },
  imageScanFindings: {
    imageScanCompletedAt: 1767607200,
    findings: names.map((name) => ({ name, severity: 'LOW', attributes: [] })),
  },
});
const notFound: Answer = {
  status: 400,
  body: JSON.stringify({ __type: 'ScanNotFoundException', message: 'none' }),
};

const Body = z.looseObject({
  imageId: z.optional(z.object({ imageDigest: z.string() })),
  imageIds: z.optional(z.array(z.object({ imageDigest: z.string() }))),
});
let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

/** @param scans what ECR answers of each digest's findings; there is none of any other. */
async function scanner(indexes: Record<string, object[] | string>, scans: Record<string, object>) {
  const server = await awsEndpoint(({ headers, body }) => {
    const { imageId, imageIds } = Body.parse(JSON.parse(body));
    const digest = imageId?.imageDigest ?? imageIds?.[0]?.imageDigest ?? '';
    const index = indexes[digest];
    const mediaType = index === undefined ? imageType : indexType;
    const manifest = typeof index === 'string' ? index : JSON.stringify({ manifests: index });
    const target = String(headers['x-amz-target']).split('.').at(-1);
    if (target === 'DescribeImages')
      return {
        body: JSON.stringify({ imageDetails: [{ imageDigest: digest, imageManifestMediaType: mediaType }] }),
      };
    if (target === 'BatchGetImage')
      return { body: JSON.stringify({ images: index === undefined ? [] : [{ imageManifest: manifest }] }) };
    const scan = scans[digest];
    return scan ? { body: JSON.stringify(scan) } : notFound;
  });
  close = server.close;
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  return new EcrScanner(new ECRClient({ endpoint: server.endpoint, region: 'us-east-1', credentials }));
}
const both = { [String(root)]: [child(amd, 'amd64'), child(arm, 'arm64')] };
const read = (ecr: EcrScanner) => ecr.scan(repository, digestOf('root'));

test('the findings of all children are its own, each once', async () => {
  const ecr = await scanner(both, {
    [String(amd)]: complete('CVE-1', 'CVE-2'),
    [String(arm)]: complete('CVE-2', 'CVE-3'),
  });
  const scan = await read(ecr);
  expect(scan.status === 'complete' && scan.findings.map(({ id }) => id)).toEqual([
    'CVE-1',
    'CVE-2',
    'CVE-3',
  ]);
});

test('a child without a scan leaves the index without one, whatever ECR may say of the index', async () => {
  const ecr = await scanner(both, { [String(amd)]: complete(), [String(root)]: complete() });
  expect(await read(ecr)).toEqual({ status: 'missing' });
});

test('a child that can not be scanned is named', async () => {
  const unsupported = { imageScanStatus: { status: 'UNSUPPORTED_IMAGE', description: 'no packages' } };
  const ecr = await scanner(both, { [String(amd)]: complete(), [String(arm)]: unsupported });
  expect(await read(ecr)).toEqual({ status: 'unsupported', reason: 'linux/arm64: no packages' });
});

test('nested indexes are gone into; one that is not there any more, or without end, is not passed over', async () => {
  const nested = {
    [String(root)]: [child(inner, 'any', { mediaType: indexType })],
    [String(inner)]: [child(arm, 'arm64')],
  };
  expect(await read(await scanner(nested, { [String(arm)]: complete('CVE-9') }))).toMatchObject({
    findings: [{ id: 'CVE-9' }],
  });
  await close?.();
  const gone = { [String(root)]: [child(inner, 'any', { mediaType: indexType })] };
  expect(await read(await scanner(gone, {}))).toMatchObject({ status: 'unsupported' });
  await close?.();
  const endless = { [String(root)]: [child(root, 'any', { mediaType: indexType })] };
  expect(await read(await scanner(endless, {}))).toMatchObject({ status: 'unsupported' });
});

const provenance = { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } };
test('an attestation is not an image: it needs no scan', async () => {
  const unknown = { ...provenance, platform: { os: 'unknown', architecture: 'unknown' } };
  const index = { [String(root)]: [child(amd, 'amd64'), child(attestation, '', unknown)] };
  expect(await read(await scanner(index, { [String(amd)]: complete() }))).toMatchObject({
    status: 'complete',
  });
});

test('an image that is only called an attestation needs its scan', async () => {
  const index = { [String(root)]: [child(amd, 'amd64'), child(arm, 'arm64', provenance)] };
  expect(await read(await scanner(index, { [String(amd)]: complete() }))).toEqual({ status: 'missing' });
});

test('an index without any image, or that is none', async () => {
  expect(await read(await scanner({ [String(root)]: [] }, {}))).toMatchObject({ status: 'unsupported' });
  await close?.();
  await expect(read(await scanner({ [String(root)]: '{"manifests":7}' }, {}))).rejects.toThrow(Rejected);
});
